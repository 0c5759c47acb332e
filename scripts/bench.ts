import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { uploadBesideCopy } from './bench-parts/beside-copy.ts'
import { uploadChunked } from './bench-parts/chunked.ts'
import {
  desktopProperties,
  median,
  type Peer,
  plainProperties,
  propfind,
  rate,
  transfer,
  watchMemory,
} from './bench-parts/load.ts'
import { startApache, startCairn, startInstance, startWebdavServer } from './bench-parts/peers.ts'
import { catchingUp, changeOverSmb } from './bench-parts/truth.ts'

/** Measures the peers in turn, in one run on one machine: what counts is the ratio. */
const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    /** The whole of Cairn through scripts/start, or its WebDAV alone. */
    real: { type: 'boolean', default: false },
    peers: { type: 'string', default: 'apache,webdav-server' },
    tasks: { type: 'string', default: 'listing,small,puts,large,beside' },
  },
})

interface Result {
  task: string
  unit: string
  isTime: boolean
  /** Of Apache: at most for times, at least for rates. */
  goal?: number
  /** At most, whatever Apache does. */
  limit?: number
  of: Map<string, number>
}

const scratch = mkdtempSync('/var/tmp/cairn-bench-')
chmodSync(scratch, 0o755)
const mount = join(scratch, 'mount')
const stops: (() => Promise<void> | void)[] = [() => rmSync(scratch, { recursive: true, force: true })]
process.once('SIGINT', () => void cleanUp().then(() => process.exit(130)))

try {
  await main()
} finally {
  await cleanUp()
}

async function main() {
  mountPractice()
  const peers = await startPeers()
  const results: Result[] = []
  const watches = peers.map(watchMemory)
  makeFiles(peers)
  results.push(await firstListing(peers))
  await settled()
  const isWanted = (task: string) => given.tasks.split(',').includes(task)
  for (const [count, rounds] of isWanted('listing')
    ? ([
        [1000, 15],
        [10_000, given.quick ? 5 : 11],
      ] as const)
    : []) {
    for (const [set, properties] of [
      ['four plain', plainProperties],
      ['desktop set', desktopProperties],
    ] as const) {
      const goal = count === 10_000 ? (set === 'four plain' ? 1 : 0.5) : undefined
      results.push(await timePropfind(peers, { count, rounds, set, properties, goal }))
    }
  }
  for (const connections of isWanted('small') ? [1, 8] : [])
    results.push(...(await smallFiles(peers, connections)))
  for (const [connections, goal] of isWanted('puts')
    ? ([
        [8, 0.5],
        [64, 0.7],
      ] as const)
    : [])
    results.push(await smallPuts(peers, connections, goal))
  if (isWanted('beside')) results.push(...(await besideCopy(peers)))
  if (isWanted('large')) results.push(...(await largeFile(peers)))
  if (isWanted('truth')) results.push(...(await oneTruth(peers)))
  report(
    peers,
    results,
    watches.map(watch => watch.end()),
  )
}

/** Btrfs on a loop device, mounted like our practice disks. */
function mountPractice() {
  mkdirSync(mount)
  const image = join(scratch, 'disk.img')
  writeFileSync(image, '')
  truncateSync(image, 12 * 1024 ** 3)
  execFileSync('mkfs.btrfs', ['-q', image])
  execFileSync('mount', ['-o', 'loop,ssd,noatime', image, mount])
  stops.push(() => void execFileSync('umount', [mount]))
}

async function startPeers(): Promise<Peer[]> {
  const wanted = given.peers.split(',')
  const peers = [
    given.real ? await startInstance(join(scratch, 'data')) : await startCairn(join(mount, 'cairn')),
  ]
  if (wanted.includes('apache') && existsSync('/usr/sbin/apache2'))
    peers.push(await startApache(mount, join(scratch, 'apache')))
  if (wanted.includes('webdav-server')) peers.push(await startWebdavServer(mount))
  for (const peer of peers) stops.push(peer.stop)
  return peers
}

function isSlow(peer: Peer) {
  return peer.name === 'webdav-server'
}

function makeFiles(peers: readonly Peer[]) {
  for (const { folder } of peers) {
    for (const count of [1000, 10_000]) {
      const inner = join(folder, `d${count}`)
      mkdirSync(inner, { recursive: true })
      for (let index = 0; index < count; index += 1)
        writeFileSync(join(inner, `a file ${index}.txt`), 'x'.repeat(index % 100))
    }
    writeFileSync(join(folder, 'small.bin'), Buffer.alloc(4096, 1))
    mkdirSync(join(folder, 'puts'), { recursive: true })
    giveAway(folder)
  }
}

/** To the account that the peer runs as. */
function giveAway(folder: string) {
  if (folder.endsWith('/apache')) execFileSync('chown', ['-R', 'www-data:www-data', folder])
  if (given.real && !folder.startsWith(mount)) execFileSync('chown', ['-R', '2770:2770', folder])
}

/** Nobody has looked at these files before: each gets its id now. */
async function firstListing(peers: readonly Peer[]): Promise<Result> {
  const of = new Map<string, number>()
  for (const peer of peers) {
    await propfind(peer, 'd1000/', plainProperties)
    of.set(peer.name, await propfind(peer, 'd10000/', plainProperties))
  }
  return { task: 'PROPFIND 10000, first ever', unit: 'ms', isTime: true, of }
}

/** Files that changed in the last two seconds are looked at anew each time (files/service/known-files.ts). */
function settled(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 2500))
}

async function timePropfind(
  peers: readonly Peer[],
  {
    count,
    rounds,
    set,
    properties,
    goal,
  }: { count: number; rounds: number; set: string; properties: string; goal: number | undefined },
): Promise<Result> {
  const times = new Map<string, number[]>(peers.map(peer => [peer.name, []]))
  for (let round = -2; round < rounds; round += 1) {
    for (const peer of peers) {
      if (isSlow(peer) && round > 0) continue
      const time = await propfind(peer, `d${count}/`, properties)
      if (round >= 0) times.get(peer.name)?.push(time)
    }
  }
  const of = new Map([...times].map(([name, all]) => [name, median(all)]))
  return {
    task: `PROPFIND ${count}, ${set}`,
    unit: 'ms',
    isTime: true,
    of,
    ...(goal === undefined ? {} : { goal }),
  }
}

async function smallFiles(peers: readonly Peer[], connections: number): Promise<Result[]> {
  const body = Buffer.alloc(4096, 7)
  const gets = new Map<string, number>()
  const puts = new Map<string, number>()
  const get = (peer: Peer, count: number) =>
    rate(peer, { method: 'GET', count, connections, path: () => 'small.bin' })
  for (const peer of peers) {
    await get(peer, 500)
    gets.set(peer.name, await get(peer, given.quick ? 3000 : 10_000))
    const rounds: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const path = (index: number) => `puts/${connections}-${round}-${index}.bin`
      rounds.push(
        await rate(peer, { method: 'PUT', count: given.quick ? 1000 : 3000, connections, body, path }),
      )
    }
    puts.set(peer.name, median(rounds))
  }
  const unit = 'requests/s'
  return [
    { task: `GET 4 KiB, ${connections} connections`, unit, isTime: false, of: gets },
    { task: `PUT 4 KiB, ${connections} connections`, unit, isTime: false, of: puts },
  ]
}

/** In turn, round by round: what else the machine does meanwhile meets all of them. Nobody but Cairn waits for the disk. */
async function smallPuts(peers: readonly Peer[], connections: number, goal: number): Promise<Result> {
  const body = Buffer.alloc(4096, 7)
  const rounds = new Map<string, number[]>(peers.map(peer => [peer.name, []]))
  for (let round = -1; round < (given.quick ? 5 : 9); round += 1) {
    for (const peer of peers) {
      const path = (index: number) => `puts/turn-${connections}-${round}-${index}.bin`
      const found = await rate(peer, { method: 'PUT', count: 1000, connections, body, path })
      if (round >= 0) rounds.get(peer.name)?.push(found)
    }
  }
  const of = new Map([...rounds].map(([name, all]) => [name, median(all)]))
  return { task: `1000 PUTs 4 KiB, ${connections} at once`, unit: 'requests/s', isTime: false, of, goal }
}

async function besideCopy(peers: readonly Peer[]): Promise<Result[]> {
  const own = peers.find(peer => peer.smbPort !== undefined)
  if (!own || !existsSync('/usr/bin/smbclient')) return []
  const { half, most, worst, count, copyRate } = await uploadBesideCopy(own, join(scratch, 'copied.bin'))
  const row = (what: string, value: number, limit?: number): Result => ({
    task: `PUT 4 KiB beside a copy of 2 GiB: ${what}`,
    unit: 'ms',
    isTime: true,
    of: new Map([[own.name, value]]),
    ...(limit === undefined ? {} : { limit }),
  })
  return [
    row(`half of ${count}`, half),
    row('99 of 100', most),
    row('the slowest', worst, 100),
    { task: 'that copy by smbclient', unit: 'MB/s', isTime: false, of: new Map([[own.name, copyRate]]) },
  ]
}

/** How soon a change from outside shows, and what catching up costs beside looking at everything. */
async function oneTruth(peers: readonly Peer[]): Promise<Result[]> {
  const own = peers.find(peer => peer.smbPort !== undefined)
  const row = (task: string, value: number, limit?: number): Result => ({
    task,
    unit: limit === undefined || task.includes('SMB') ? 'ms' : 'times',
    isTime: true,
    of: new Map([[peers[0]?.name ?? '', value]]),
    ...(limit === undefined ? {} : { limit }),
  })
  const results: Result[] = []
  if (own && existsSync('/usr/bin/smbclient')) {
    const { p50, p99 } = await changeOverSmb(own, { files: 100_000, rounds: given.quick ? 50 : 200 })
    results.push(
      row('change over SMB to root etag, p50', p50),
      row('change over SMB to root etag, p99', p99, 1000),
    )
  }
  if (process.getuid?.() !== 0) return results
  const { walk, relist, caughtUp } = await catchingUp([20, 200, 2000], given.quick ? 3 : 7)
  results.push(
    row('walk of 200,000 files (readdir, lstat)', walk),
    row('the index listing all of them anew', relist),
  )
  for (const [count, ms] of caughtUp) {
    results.push(row(`catching up with ${count} changes of 200,000`, ms))
    results.push({
      ...row(`the walk takes so much longer than ${count}`, walk / ms),
      unit: 'times',
      isTime: false,
    })
  }
  return results
}

async function largeFile(peers: readonly Peer[]): Promise<Result[]> {
  const file = join('/dev/shm', `cairn-bench-${process.pid}`)
  stops.push(() => rmSync(file, { force: true }))
  writeFileSync(file, '')
  for (let index = 0; index < 64; index += 1)
    writeFileSync(file, Buffer.alloc(16 * 1024 ** 2, index), { flag: 'a' })
  const puts = new Map<string, number>()
  const gets = new Map<string, number>()
  const results: Result[] = []
  for (const peer of peers) puts.set(peer.name, await transfer(peer, 'put', 'large.bin', file))
  const [own] = peers
  if (own) {
    const { rate: chunked, endMs } = await uploadChunked(own, 'chunked.bin', file)
    results.push({
      task: 'PUT 1 GiB in chunks',
      unit: 'MB/s',
      isTime: false,
      of: new Map([[own.name, chunked]]),
    })
    results.push({
      task: 'PUT in chunks: its end',
      unit: 'ms',
      isTime: true,
      of: new Map([[own.name, endMs]]),
    })
  }
  const rounds = new Map<string, number[]>(peers.map(peer => [peer.name, []]))
  for (let round = 0; round < 5; round += 1) {
    for (const peer of peers) rounds.get(peer.name)?.push(await transfer(peer, 'get', 'large.bin'))
  }
  for (const [name, all] of rounds) gets.set(name, median(all))
  return [
    ...results,
    { task: 'PUT 1 GiB', unit: 'MB/s', isTime: false, of: puts },
    { task: 'GET 1 GiB', unit: 'MB/s', isTime: false, of: gets, goal: 0.5 },
  ]
}

function report(
  peers: readonly Peer[],
  results: readonly Result[],
  memory: { before: number; most: number; after: number }[],
) {
  const [cairn, ...others] = peers.map(peer => peer.name)
  const rows = results.map(result => {
    const own = result.of.get(cairn ?? '') ?? Number.NaN
    const ratios = Object.fromEntries(
      others
        .filter(name => result.of.has(name))
        .map(name => [`/ ${name}`, (own / (result.of.get(name) ?? Number.NaN)).toFixed(2)]),
    )
    const values = Object.fromEntries(
      [...result.of].map(([name, value]) => [name, value.toFixed(value < 100 ? 1 : 0)]),
    )
    return { task: result.task, unit: result.unit, ...values, ...ratios, goal: goalText(result, own) }
  })
  console.table(rows)
  console.table(peers.map((peer, index) => ({ 'RSS in MB': peer.name, ...rounded(memory[index]) })))
}

function goalText({ goal, limit, isTime, of }: Result, own: number): string {
  if (limit !== undefined) return `at most ${limit} ms: ${own <= limit ? 'met' : 'MISSED'}`
  if (goal === undefined) return ''
  const ratio = own / (of.get('Apache mod_dav') ?? Number.NaN)
  const isMet = isTime ? ratio <= goal : ratio >= goal
  return `${isTime ? 'at most' : 'at least'} ${goal}: ${isMet ? 'met' : 'MISSED'}`
}

function rounded(memory: { before: number; most: number; after: number } | undefined) {
  return Object.fromEntries(Object.entries(memory ?? {}).map(([when, size]) => [when, Math.round(size)]))
}

async function cleanUp() {
  for (let stop = stops.pop(); stop; stop = stops.pop()) await stop()
}
