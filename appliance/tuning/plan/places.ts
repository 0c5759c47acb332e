import type { SettingGroup, TunedDisk, TunedPool } from '../schema/index.ts'
import { placesOfPool } from './pool-places.ts'
import { placesOfZram } from './zram-places.ts'

/**
 * A setting that the kernel keeps: a file, several that go together, an option of a mount, or compressed memory. The agent
 * sets no other.
 */
export interface Place {
  name: string
  /** In words, for `This machine has no …`. */
  what: string
  group: SettingGroup
  /** Where it is read. */
  paths: readonly string[]
  /** Those that have to be writable, where it is not all of them. */
  written?: readonly string[]
  /** Null: what is to be set is not there. */
  read(textOf: (path: string) => string): string | null
  /** In this order: text to files, or an option to a mount. */
  write(value: string): [path: string, text: string][]
  /** The paths of `write` are mounts, and are mounted again with the option. */
  isMount?: true
  /** The swap that this value asks for, which is made instead of `write`; no bytes: none. */
  swapAfter?(value: string, textOf: (path: string) => string): CompressedSwap | undefined
  /** Why it is not there, where more is to be said than that. */
  absence?: string
  /** All that it accepts, where that is a short list. */
  choices?: readonly string[]
  accepts(value: string): boolean
}

export interface CompressedSwap {
  /** `zram0` */
  name: string
  sizeBytes: number
  algorithm: string
}

export interface Around {
  /** All that was found, to know what there are several of. */
  paths: readonly string[]
  disks: readonly Pick<TunedDisk, 'name' | 'key'>[]
  pools: readonly Pick<TunedPool, 'name' | 'path'>[]
}

/** All that can be set on a machine by telling its kernel. */
export function placesOf({ paths, disks, pools }: Around): Place[] {
  const policies = paths
    .filter(path => /^\/sys\/devices\/system\/cpu\/cpufreq\/policy\d+\/scaling_governor$/.test(path))
    .sort()
  return [
    ofEvery('cpu.governor', 'choice of how the processor’s clock follows its load', policies),
    ofEvery(
      'cpu.energy-preference',
      'energy preference of the processor',
      policies
        .map(path => path.replace('scaling_governor', 'energy_performance_preference'))
        .filter(path => paths.includes(path)),
    ),
    ofNumber('vm.swappiness', 'choice of when memory is swapped', 200),
    ofNumber('vm.page-cluster', 'swap read-ahead', 10),
    ofDirtyLimit('vm.dirty', 'dirty_ratio', 'dirty_bytes'),
    ofDirtyLimit('vm.dirty-background', 'dirty_background_ratio', 'dirty_background_bytes'),
    ofThree('net.tcp-rmem', '/proc/sys/net/ipv4/tcp_rmem'),
    ofThree('net.tcp-wmem', '/proc/sys/net/ipv4/tcp_wmem'),
    ...placesOfZram(paths),
    ...disks.flatMap(disk => ofDisk(disk)),
    ...pools.flatMap(placesOfPool),
  ]
}

/** Why it cannot be set. */
export function absenceOf({ what, isMount, absence }: Place): string {
  if (absence !== undefined) return absence
  return isMount ? 'The pool is not mounted here as a Btrfs.' : `This machine has no ${what}.`
}

/** The same in every file; where they differ, all of them with commas between, so that they can be put back. */
function ofEvery(name: string, what: string, paths: string[]): Place {
  return {
    name,
    what,
    group: 'processor',
    paths,
    read(textOf) {
      const values = paths.map(path => textOf(path).trim())
      return new Set(values).size === 1 ? String(values[0]) : values.join(',')
    },
    write(value) {
      const values = value.split(',')
      return paths.map((path, index) => [path, values[index] ?? String(values[0])])
    },
    accepts: value =>
      /^[a-z_]{1,30}(,[a-z_]{1,30})*$/.test(value) && [1, paths.length].includes(value.split(',').length),
  }
}

function ofNumber(name: string, what: string, most: number): Place {
  const path = `/proc/sys/${name.replace('.', '/')}`
  return {
    name,
    what,
    group: 'memory',
    paths: [path],
    read: textOf => textOf(path).trim(),
    write: value => [[path, value]],
    accepts: value => /^\d{1,3}$/.test(value) && Number(value) <= most,
  }
}

const leastDirtyBytes = 1024 ** 2
const mostDirtyBytes = 64 * 1024 ** 3

/** `20%` of the memory, or bytes: writing one takes the place of the other (Documentation/admin-guide/sysctl/vm.rst). */
function ofDirtyLimit(name: string, ratioFile: string, bytesFile: string): Place {
  const ratioPath = `/proc/sys/vm/${ratioFile}`
  const bytesPath = `/proc/sys/vm/${bytesFile}`
  return {
    name,
    what: 'limit of what waits to be written',
    group: 'memory',
    paths: [ratioPath, bytesPath],
    read(textOf) {
      const bytes = textOf(bytesPath).trim()
      return bytes === '0' ? `${textOf(ratioPath).trim()}%` : bytes
    },
    write: value => [value.endsWith('%') ? [ratioPath, value.slice(0, -1)] : [bytesPath, value]],
    accepts(value) {
      const number = Number.parseInt(value, 10)
      if (/^\d{1,3}%$/.test(value)) return number >= 1 && number <= 100
      return /^\d{1,12}$/.test(value) && number >= leastDirtyBytes && number <= mostDirtyBytes
    },
  }
}

const mostSocketBytes = 512 * 1024 ** 2

/** Least, usual and most, with spaces between. */
function ofThree(name: string, path: string): Place {
  return {
    name,
    what: 'limit of the network’s buffers',
    group: 'network',
    paths: [path],
    read: textOf => textOf(path).trim().split(/\s+/).join(' '),
    write: value => [[path, value]],
    accepts(value) {
      if (!/^\d{1,10} \d{1,10} \d{1,10}$/.test(value)) return false
      const [least = 0, usual = 0, most = 0] = value.split(' ').map(Number)
      return least >= 4096 && least <= usual && usual <= most && most <= mostSocketBytes
    },
  }
}

function ofDisk({ name, key }: Around['disks'][number]): Place[] {
  const scheduler = `/sys/block/${name}/queue/scheduler`
  const readAhead = `/sys/block/${name}/queue/read_ahead_kb`
  return [
    {
      name: `disk.${key}.scheduler`,
      what: `I/O scheduler of ${name}`,
      group: 'disks',
      paths: [scheduler],
      read(textOf) {
        const text = textOf(scheduler).trim()
        return /\[([^\]]+)\]/.exec(text)?.[1] ?? text
      },
      write: value => [[scheduler, value]],
      accepts: value => /^[a-z][a-z0-9-]{1,30}$/.test(value),
    },
    {
      name: `disk.${key}.read-ahead`,
      what: `read-ahead of ${name}`,
      group: 'disks',
      paths: [readAhead],
      read: textOf => textOf(readAhead).trim(),
      write: value => [[readAhead, value]],
      accepts: value => /^\d{1,5}$/.test(value) && Number(value) <= 16_384,
    },
  ]
}
