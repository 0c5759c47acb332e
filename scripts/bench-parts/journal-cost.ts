import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median, type Peer, rate } from './load.ts'
import { startCairn } from './peers.ts'

/**
 * What the journal costs a PUT: two servers on one Btrfs, one without and one with a journal, and the same load on each in
 * turn. `node scripts/bench-parts/journal-cost.ts [--rounds 150] [--count 200] [--same]`; with `--same` neither has one,
 * which shows how far two equal servers lie apart. Rounds are short, so that what else the machine does hits both.
 */
const { values: given } = parseArgs({
  options: {
    rounds: { type: 'string', default: '150' },
    count: { type: 'string', default: '200' },
    same: { type: 'boolean', default: false },
  },
})
const [rounds, count] = [Number(given.rounds), Number(given.count)]
const scratch = mkdtempSync('/var/tmp/cairn-journal-cost-')
const mount = join(scratch, 'mount')
const stops: (() => Promise<void> | void)[] = [() => rmSync(scratch, { recursive: true, force: true })]

process.once('SIGINT', () => void cleanUp().then(() => process.exit(130)))

try {
  mountPool()
  const without = await start('without', false)
  const having = await start('with', !given.same)
  for (const connections of [1, 8]) await compare({ without, having, connections })
} finally {
  await cleanUp()
}

async function cleanUp() {
  for (const stop of stops.splice(0).toReversed()) await stop()
}

function mountPool() {
  mkdirSync(mount)
  const image = join(scratch, 'disk.img')
  writeFileSync(image, '')
  truncateSync(image, 8 * 1024 ** 3)
  execFileSync('mkfs.btrfs', ['-q', image])
  execFileSync('mount', ['-o', 'loop,ssd,noatime', image, mount])
  stops.push(() => void execFileSync('umount', [mount]))
}

async function start(name: string, hasJournal: boolean): Promise<Peer> {
  const folder = join(mount, name)
  mkdirSync(folder)
  execFileSync('btrfs', ['subvolume', 'create', join(folder, 'index')], { stdio: 'ignore' })
  const peer = await startCairn(folder, { hasJournal })
  stops.push(peer.stop)
  return peer
}

async function compare(pair: { without: Peer; having: Peer; connections: number }) {
  const { without, having, connections } = pair
  const body = Buffer.alloc(4096, 7)
  let serial = 0
  const cpu = new Map<Peer, number>()
  const measure = async (peer: Peer) => {
    const round = serial++
    const before = cpuSecondsOf(peer)
    const path = (index: number) => `p${round}-${index}`
    const perSecond = await rate(peer, { method: 'PUT', count, connections, body, path })
    cpu.set(peer, (cpu.get(peer) ?? 0) + cpuSecondsOf(peer) - before)
    return perSecond
  }
  const ratios: number[] = []
  const rates = { without: [] as number[], having: [] as number[] }
  for (const peer of [without, having]) await measure(peer)
  cpu.clear()
  for (let round = 0; round < rounds; round += 1) {
    // Who is first in a round alternates too.
    const isTurned = round % 2 === 1
    const first = await measure(isTurned ? having : without)
    const second = await measure(isTurned ? without : having)
    const [a, b] = isTurned ? [second, first] : [first, second]
    rates.without.push(a)
    rates.having.push(b)
    ratios.push(b / a)
  }
  report({ connections, ratios, rates })
  const perPut = (peer: Peer) => ((cpu.get(peer) ?? 0) / (rounds * count)) * 1e6
  const [plain, noted] = [perPut(without), perPut(having)]
  process.stdout.write(
    `  CPU of the server, per PUT: ${plain.toFixed(0)} us without, ${noted.toFixed(0)} us with\n`,
  )
}

/** The median of the pairs with its 95 % interval (order statistics), and the time of all rounds together. */
function report(result: {
  connections: number
  ratios: number[]
  rates: { without: number[]; having: number[] }
}) {
  const { connections, ratios, rates } = result
  const sorted = ratios.toSorted((a, b) => a - b)
  const percent = (ratio: number | undefined) => `${(((ratio ?? Number.NaN) - 1) * 100).toFixed(1)} %`
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(part)))]
  const half = 0.98 * Math.sqrt(rounds)
  const timeOf = (values: number[]) => values.reduce((sum, value) => sum + count / value, 0)
  const lines = [
    `${connections} connection(s), ${rounds} rounds of ${count}: ` +
      `${median(rates.without).toFixed(0)}/s without, ${median(rates.having).toFixed(0)}/s with a journal`,
    `  rate, median of pairs ${percent(median(ratios))} (95 %: ${percent(at(rounds / 2 - half))} to ` +
      `${percent(at(rounds / 2 + half))}), quartiles ${percent(at(rounds / 4))} and ${percent(at((rounds * 3) / 4))}`,
    `  rate over all rounds ${percent(timeOf(rates.without) / timeOf(rates.having))}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** proc_pid_stat(5), fields 14 and 15, in ticks of 10 ms. */
function cpuSecondsOf(peer: Peer): number {
  return peer.pids().reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}
