import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { TuningReport } from '../../appliance/tuning/index.ts'
import { writeBrought } from '../../appliance/tuning/system/brought.ts'
import { tuningFolderIn } from '../../appliance/tuning/system/index.ts'
import type { Bench, Comparison } from './comparison.ts'
import { fewestPairs, type Interval, intervalOf, percentOf, ratiosOf, verdictOf } from './pairs.ts'
import { startInstance } from './peers.ts'
import { levelsInPairs } from './tuning-compression.ts'
import { facesInPairs } from './tuning-faces.ts'
import { groupsInPairs } from './tuning-groups.ts'
import { indexInPairs } from './tuning-index.ts'
import { askFor, measured } from './tuning-plan.ts'
import { serversInTurn } from './tuning-servers.ts'

/**
 * What the plan for this machine brings: the same work with and without each group of settings that can be applied, and
 * the two choices that only measuring shows right, in alternating pairs in one run. Ends with 1 only where the interval
 * of one lies wholly below -3 %. Another Cairn that has applied its plan here should be stopped first; with `--data` it is
 * told what was found, and its page shows it.
 */
const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    pairs: { type: 'string' },
    tasks: { type: 'string', default: 'groups,compression,faces,index,servers' },
    data: { type: 'string' },
  },
})
const pairs = Number(given.pairs ?? (given.quick ? fewestPairs : 12))
const scale = given.quick ? 0.25 : 1
const isWanted = (task: string) => given.tasks.split(',').includes(task)

const scratch = mkdtempSync('/var/tmp/cairn-bench-tuning-')
chmodSync(scratch, 0o755)
const stops: Bench['stops'] = [() => rmSync(scratch, { recursive: true, force: true })]
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(130)))

try {
  process.exitCode = await main()
} finally {
  await cleanUp()
}

async function main(): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('Only root can set what the plan asks for.')
  if (given.data !== undefined && !existsSync(join(given.data, 'cairn.db')))
    throw new Error(`${given.data} is no data folder of a Cairn.`)
  const bench = { scratch, pairs, scale, stops }
  const data = join(scratch, 'data')
  const peer = await startInstance(data)
  stops.push(peer.stop)
  say('measuring the machine')
  const report = await measured(askFor(peer))
  const comparisons: Comparison[] = []
  const notes: string[] = []
  if (isWanted('groups')) {
    const found = await groupsInPairs({ ...bench, data, peer, report, say })
    comparisons.push(...found.comparisons)
    notes.push(...found.notes)
  }
  if (isWanted('compression')) {
    const found = await levelsInPairs({ ...bench, data, report, say })
    comparisons.push(...found.comparisons)
    notes.push(...found.notes)
  }
  await peer.stop()
  for (const [task, inPairs] of [
    ['faces', facesInPairs],
    ['index', indexInPairs],
  ] as const) {
    if (!isWanted(task)) continue
    const found = await inPairs({ ...bench, report, say })
    comparisons.push(...found.comparisons)
    notes.push(...found.notes)
  }
  if (isWanted('servers')) comparisons.push(...(await serversInTurn({ ...bench, report, say })))
  const results = comparisons.map(({ times, ...rest }) => ({
    ...rest,
    interval: intervalOf(ratiosOf(times.with, times.without)),
  }))
  if (given.data !== undefined) await tell(given.data, report, results)
  return print(results, notes)
}

type Result = Omit<Comparison, 'times'> & { interval: Interval }

/** The Cairn on this data folder shows it from now on. */
async function tell(dataDir: string, { measurements }: TuningReport, results: readonly Result[]) {
  const inPercent = (ratio: number) => Math.round((ratio - 1) * 1000) / 10
  await writeBrought(tuningFolderIn(dataDir), {
    takenAt: new Date().toISOString(),
    machine: measurements?.machine ?? '',
    pairs,
    results: results.map(({ group, what, work, interval: { median, low, high } }) => ({
      group,
      what: what.slice(0, 300),
      work,
      percent: { median: inPercent(median), low: inPercent(low), high: inPercent(high) },
    })),
  })
  say(`told to the Cairn in ${dataDir}`)
}

function print(results: readonly Result[], notes: readonly string[]): number {
  console.table(results.map(rowOf))
  for (const note of notes) say(note)
  say(`${pairs} pairs of each; faster is above zero`)
  const lost = results.filter(({ interval }) => verdictOf(interval) === 'SLOWER')
  for (const { what } of lost) say(`FAILED: ${what}`)
  return lost.length > 0 ? 1 : 0
}

function rowOf(result: Result) {
  const { group, what, work, interval } = result
  return {
    group,
    what,
    work,
    with: result.with,
    'the other': result.without,
    brings: percentOf(interval.median),
    'in 95 of 100 cases': `${percentOf(interval.low)} to ${percentOf(interval.high)}`,
    verdict: verdictOf(interval),
  }
}

function say(line: string) {
  process.stdout.write(`${line}\n`)
}

async function cleanUp() {
  for (let stop = stops.pop(); stop; stop = stops.pop()) await stop()
}
