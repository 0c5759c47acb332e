import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../appliance/lib/failure.ts'
import { createLog } from '../../appliance/lib/log.ts'
import type { TuningReport } from '../../appliance/tuning/index.ts'
import { sizeInWords } from '../../appliance/tuning/plan/rules/proposal.ts'
import { createApplying } from '../../appliance/tuning/system/applying.ts'
import type { Bench, Compared, Comparison } from './comparison.ts'
import { median, type Peer, rate, transfer } from './load.ts'
import { inTurn } from './pairs.ts'

interface Given extends Bench {
  /** Of the Cairn that runs. */
  data: string
  peer: Peer
  report: TuningReport
  say(line: string): void
}

const groups = ['processor', 'memory', 'disks', 'network', 'pools'] as const

/** Each group of settings that can be applied, set and put back in turn around the same work. */
export async function groupsInPairs(given: Given): Promise<Compared> {
  const { scratch, data, pairs, peer, report, stops, say } = given
  const log = createLog('bench', 'warn', line => void process.stderr.write(`${line}\n`))
  const poolsDir = join(data, 'pools')
  const applying = createApplying({ root: '/', poolsDir, folder: join(scratch, 'tuning'), log })
  stops.push(async () => void (await applying.revert(null)))
  const work = await createWork(given)
  const comparisons: Comparison[] = []
  const notes: string[] = []
  for (const group of groups) {
    const settings = report.settings.filter(one => one.group === group && one.state === 'planned')
    if (settings.length === 0) {
      notes.push(`${group}: nothing is planned that can be applied here`)
      continue
    }
    say(`${group}: ${settings.map(({ name, from, to }) => `${name} ${from} -> ${to}`).join(', ')}`)
    const wanted = settings.map(({ name, to }) => ({ name, value: to }))
    try {
      const [tuned = [], plain = []] = await inTurn(pairs, [
        async () => {
          await applying.apply(wanted)
          return work(peer)
        },
        async () => {
          await applying.revert(null)
          return work(peer)
        },
      ])
      comparisons.push({
        group,
        what: settings.map(inWords).join('; '),
        work: 'small files and a large one, written and read over WebDAV',
        with: `${median(tuned).toFixed(2)} s`,
        without: `${median(plain).toFixed(2)} s`,
        times: { with: tuned, without: plain },
      })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      notes.push(`${group}: could not be set: ${error.message}`)
    } finally {
      await applying.revert(null)
    }
  }
  return { comparisons, notes }
}

/** `When memory is swapped: 180 rather than 60` */
export function inWords({ title, from, to }: TuningReport['settings'][number]): string {
  return `${title}: ${plain(to)} rather than ${from === null ? 'what is there' : plain(from)}`
}

function plain(value: string): string {
  return /^\d{7,}$/.test(value) ? sizeInWords(Number(value)) : value.replaceAll(',', ', ')
}

const largeBytes = 32 * 1024 ** 2

/** What people do with a box: many small files and a large one, there and back. Resolves with its seconds. */
async function createWork({ scale, stops }: Bench) {
  const file = join('/dev/shm', `cairn-bench-tuning-${process.pid}`)
  stops.push(() => rmSync(file, { force: true }))
  writeFileSync(file, randomBytes(Math.round(largeBytes * scale)))
  const body = randomBytes(4096)
  const count = Math.round(800 * scale)
  let round = 0
  return async (peer: Peer): Promise<number> => {
    round += 1
    const path = (index: number) => `tuning-${round}-${index}.bin`
    // What the round before left to be written is not this one's.
    execFileSync('sync', ['-f', peer.folder])
    const startedAt = performance.now()
    await rate(peer, { method: 'PUT', count, connections: 8, body, path })
    await transfer(peer, 'put', `tuning-${round}.bin`, file)
    await transfer(peer, 'get', `tuning-${round}.bin`)
    await rate(peer, { method: 'GET', count: 4 * count, connections: 8, path: index => path(index % count) })
    execFileSync('sync', ['-f', peer.folder])
    return (performance.now() - startedAt) / 1000
  }
}
