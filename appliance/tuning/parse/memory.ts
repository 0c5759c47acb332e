import type { Facts, RawFacts } from '../schema/index.ts'
import { chosenOf, countOf, fieldsOf, lineOf, namesAt } from './kernel-text.ts'

type Memory = Facts['memory']

export function parseMemory(raw: RawFacts): Memory {
  const said = /^\d{1,12}(?= kB)/.exec(fieldsOf(raw.files['/proc/meminfo'] ?? '').get('MemTotal') ?? '')?.[0]
  return {
    totalBytes: Number(said ?? 0) * 1024,
    swaps: parseSwapFile(raw.files['/proc/swaps'] ?? ''),
    zram: {
      canMake:
        lineOf(raw, '/sys/class/zram-control/hot_add') !== null ||
        raw.files['/sys/block/zram0/disksize'] !== undefined,
      devices: namesAt(raw, '/sys/block/', '/comp_algorithm').map(name => zramOf(raw, name)),
    },
    isZswapOn: isZswapOn(raw),
  }
}

/** proc(5): name, type, size and used in KiB, priority; a space in a name is `\040`. */
function parseSwapFile(text: string): Memory['swaps'] {
  return text
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(([, , size = '', used = '']) => isCount(size) && isCount(used))
    .map(([path = '', type, size, used]) => ({
      kind: /^\/dev\/zram\d+$/.test(path) ? 'zram' : type === 'partition' ? 'partition' : 'file',
      sizeBytes: Number(size) * 1024,
      usedBytes: Number(used) * 1024,
      disk: type === 'partition' ? diskOfPartition(path.replace('/dev/', '')) : null,
    }))
}

function isCount(word: string): boolean {
  return /^\d{1,12}$/.test(word)
}

/** `mmcblk0p2` is on `mmcblk0`, `sda2` on `sda`. */
function diskOfPartition(name: string): string {
  return /\dp\d+$/.test(name)
    ? name.replace(/p\d+$/, '')
    : name.replace(/^(sd[a-z]+|vd[a-z]+|hd[a-z]+|xvd[a-z]+)\d+$/, '$1')
}

function zramOf(raw: RawFacts, name: string): Memory['zram']['devices'][number] {
  const { chosen, all } = chosenOf(raw, `/sys/block/${name}/comp_algorithm`)
  return {
    name,
    sizeBytes: countOf(raw, `/sys/block/${name}/disksize`) ?? 0,
    algorithm: chosen,
    algorithms: all,
  }
}

function isZswapOn(raw: RawFacts): boolean | null {
  const said = lineOf(raw, '/sys/module/zswap/parameters/enabled')
  return said === null ? null : said === 'Y'
}
