import { execFileSync } from 'node:child_process'
import { closeSync, fsyncSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TuningReport } from '../../appliance/tuning/index.ts'
import { samplePieces } from '../../appliance/tuning/service/sample.ts'
import type { Bench, Comparison } from './comparison.ts'
import { median } from './load.ts'
import { inTurn } from './pairs.ts'

interface Given extends Bench {
  /** Of the Cairn that runs, with its practice disk. */
  data: string
  report: TuningReport
  say(line: string): void
}

const fileBytes = 192 * 1024 ** 2
const chosenName = 'pool.pool.compression'

/** Writing and reading what can be packed, in the pool: at the chosen level, and without compression. */
export async function levelsInPairs({ data, pairs, scale, report, stops, say }: Given) {
  const chosen = report.settings.find(({ name }) => name === chosenName)?.to
  const lowest = report.measurements?.compression[0]?.level
  if (chosen === undefined || lowest === undefined)
    return {
      comparisons: [],
      notes: ['compression: no level is chosen, since the pool could not be measured'],
    }
  // Where no compression is chosen, the lowest level is what it has to be better than.
  const other = chosen === 'none' ? `zstd:${lowest}` : 'none'
  say(`compression: ${chosen} beside ${other}`)
  const pool = join(data, 'pools/pool')
  const file = join(pool, '.cairn-bench')
  stops.push(() => rmSync(file, { force: true }))
  const reads = new Map<string, number[]>([
    [chosen, []],
    [other, []],
  ])
  const bytes = Math.round(fileBytes * scale)
  const round = (level: string) => async () => {
    // btrfs(5): what is written from now on is packed like this.
    execFileSync('mount', ['-o', `remount,compress=${level}`, pool])
    const wrote = writeSample(file, bytes)
    forgetCached(file, data)
    reads.get(level)?.push(readAll(file))
    rmSync(file)
    execFileSync('sync', ['-f', pool])
    return wrote
  }
  const [written = [], plain = []] = await inTurn(pairs, [round(chosen), round(other)])
  const inMb = (times: readonly number[]) => `${(bytes / 1e6 / median(times)).toFixed(0)} MB/s`
  const compared = (work: string, times: Comparison['times']): Comparison => ({
    group: 'pools',
    what: `compression ${chosen} rather than ${other}`,
    work,
    with: inMb(times.with),
    without: inMb(times.without),
    times,
  })
  // The first reading was for nobody, as the first writing.
  const readTimes = (level: string) => reads.get(level)?.slice(1) ?? []
  return {
    comparisons: [
      compared('writing what can be packed', { with: written, without: plain }),
      compared('reading what can be packed', { with: readTimes(chosen), without: readTimes(other) }),
    ],
    notes: [],
  }
}

function writeSample(path: string, bytes: number): number {
  const sample = Buffer.concat(samplePieces())
  const startedAt = performance.now()
  const file = openSync(path, 'w')
  for (let done = 0; done < bytes; done += sample.length) writeSync(file, sample)
  fsyncSync(file)
  closeSync(file)
  return (performance.now() - startedAt) / 1000
}

/** dd(1), `nocache` with a count of 0: neither the file nor the practice disk below it is in memory any more. */
function forgetCached(file: string, data: string) {
  const disks = join(data, 'disks')
  const images = readdirSync(disks)
    .filter(name => name.endsWith('.img'))
    .map(name => join(disks, name))
  for (const path of [file, ...images])
    execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
}

function readAll(path: string): number {
  const startedAt = performance.now()
  execFileSync('dd', [`if=${path}`, 'of=/dev/null', 'bs=1M'], { stdio: 'ignore' })
  return (performance.now() - startedAt) / 1000
}
