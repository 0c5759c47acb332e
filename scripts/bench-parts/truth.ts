import { execFileSync, spawn } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { catchUp } from '../../appliance/files/service/indexing/catching-up.ts'
import { createPoolIndex } from '../../appliance/files/service/indexing/pool-index.ts'
import { startBox } from '../../test/storage/box.ts'
import { median, type Peer } from './load.ts'

export interface Latency {
  p50: number
  p99: number
  most: number
}

/** From the command to the network drive until the etag at the top of the tree is another one, among so many files. */
export async function changeOverSmb(
  peer: Peer,
  { files, rounds }: { files: number; rounds: number },
): Promise<Latency> {
  const top = new URL('../', peer.url).href
  const etag = async () => {
    const body = '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'
    const headers = { authorization: peer.authorization ?? '', depth: '0', 'content-type': 'application/xml' }
    const answer = await fetch(top, { method: 'PROPFIND', headers, body })
    return /<d:getetag>(.*?)</.exec(await answer.text())?.[1]
  }
  await many(peer.folder, files, etag)
  const [user = '', password = ''] = atob((peer.authorization ?? '').replace('Basic ', '')).split(':')
  const client = spawn(
    'smbclient',
    ['-p', String(peer.smbPort), '//127.0.0.1/shared', '-U', `${user}%${password}`],
    { stdio: ['pipe', 'ignore', 'ignore'] },
  )
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const before = await etag()
    const startedAt = performance.now()
    client.stdin.write(`put /etc/hostname many\\d${round}\\new.txt\n`)
    while ((await etag()) === before)
      if (performance.now() - startedAt > 30_000) throw new Error('never seen')
    // The first one waits for the connection.
    if (round > 0) times.push(performance.now() - startedAt)
    await delay(50)
  }
  client.stdin.end('exit\n')
  times.sort((one, other) => one - other)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return { p50: at(0.5), p99: at(0.99), most: at(1) }
}

/** Made behind Cairn's back, and taken in when the etag at the top rests. */
async function many(folder: string, files: number, etag: () => Promise<string | undefined>) {
  for (let index = 0; index < files; index += 1) {
    const place = join(folder, 'many', `d${Math.floor(index / 100)}`)
    if (index % 100 === 0) mkdirSync(place, { recursive: true })
    writeFileSync(join(place, `file ${index}`), 'x')
    if (index % 1000 === 0) await delay(1)
  }
  for (let last = '', rests = 0; rests < 10; ) {
    const now = (await etag()) ?? ''
    rests = now === last ? rests + 1 : 0
    last = now
    await delay(300)
  }
}

const folders = 2_000
const filesEach = 100

/** Among 200,000 files: looking with lstat at each, and catching up with so many changes; medians in ms. */
export async function catchingUp(counts: readonly number[], rounds: number) {
  const downs: (() => unknown)[] = []
  const box = await startBox(
    { teardown: act => void downs.unshift(act) },
    { disks: 1, sizeBytes: 8 * 1024 ** 3 },
  )
  try {
    await box.createPool('single')
    await box.storage.createSubvolume('pool', 'shares', 'media')
    const poolPath = join(box.poolsDir, 'pool')
    const top = join(poolPath, 'shares', 'media')
    for (let folder = 0; folder < folders; folder += 1) {
      const place = join(top, `folder ${folder}`)
      mkdirSync(place)
      for (let file = 0; file < filesEach; file += 1) writeFileSync(join(place, `file ${file}`), 'x')
    }
    const index = createPoolIndex({ poolPath, ownUid: 0, nowMs: Date.now })
    downs.unshift(index.close)
    const signal = new AbortController().signal
    const deps = { changes: box.storage.changes, pool: 'pool', index, signal }
    const key = { kind: 'shares', name: 'media' } as const
    const run = async () => {
      index.reload()
      const row = index.volume(key)
      if (!row) throw new Error('no volume')
      const startedAt = performance.now()
      await catchUp(deps, row)
      return performance.now() - startedAt
    }
    await run()
    await run()
    const row = index.volume(key)
    const relistAt = performance.now()
    if (row) await index.distrust(row.number)
    if (row) await index.listBelow(row.number, 'all', {})
    const relist = performance.now() - relistAt
    const walks: number[] = []
    const caughtUp = new Map<number, number[]>(counts.map(count => [count, []]))
    for (let round = 0; round < rounds; round += 1) {
      walks.push(timed(() => walk(top)))
      for (const count of counts) {
        // What the index wrote last is looked at once more: the changes of before shall not count with these.
        await run()
        for (let n = 0; n < count; n += 1) {
          const folder = Math.floor((n * folders) / count)
          const place = join(top, `folder ${folder}`, `file ${(n + round) % filesEach}`)
          writeFileSync(place, `round ${round}`)
          utimesSync(place, round + 1, n)
        }
        // What is still to be written is the writer's, not ours.
        execFileSync('sync', ['-f', top])
        caughtUp.get(count)?.push(await run())
      }
    }
    return {
      relist,
      walk: median(walks),
      caughtUp: [...caughtUp].map(([count, times]) => [count, median(times)] as const),
    }
  } finally {
    for (const down of downs) await down()
  }
}

function timed(act: () => void): number {
  const startedAt = performance.now()
  act()
  return performance.now() - startedAt
}

function walk(folder: string) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const place = join(folder, entry.name)
    lstatSync(place)
    if (entry.isDirectory()) walk(place)
  }
}
