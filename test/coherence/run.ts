import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { admin, type Cairn, eventually, startCairn } from '../helpers/cairn.ts'
import { createRandom } from '../helpers/random.ts'
import { type Client, createClient, ownFolders } from './client.ts'
import { type Difference, differences, linesToAll, listAll, walkAll } from './compare.ts'
import { createDavClient, type DavClient } from './dav.ts'
import type { Found, Place } from './disk.ts'
import { createHistory } from './history.ts'
import { createJournal, type Journal } from './journal.ts'
import { chaosTops, createNames } from './names.ts'
import { davActs, smbActs } from './network.ts'
import { type Act, shellActs } from './shell.ts'
import { dropIndex, troubleActs } from './trouble.ts'

const servers = 2
const roundMs = 12_000
const quietMs = 20_000
/** Between two acts of one face, at most: so that all of them together make some 50 in a second. */
const pauseMs = { shell: 60, dav: 110, smb: 700, trouble: 5_000, client: 80 }

const dropped = 'the index is dropped'

interface World {
  cairn: Cairn
  dav: DavClient
  client: Client
  journal: Journal
  places: Place[]
}

/**
 * Changes everything through every face at once, round after round; after each one, everything must agree with the
 * disk: what each server lists, what a sync client has come to believe, and in the end an index made anew.
 */
export async function proveCoherence(
  t: ExecutionContext,
  { seed, minutes }: { seed: number; minutes: number },
) {
  const random = createRandom(seed)
  const scratch = mkdtempSync('/var/tmp/cairn-coherence-')
  const journal = createJournal(join(scratch, `${seed}.log`))
  t.log(`seed ${seed}, log ${journal.path}`)
  const world = await makeWorld(t, journal, random)
  const { client } = world
  const history = createHistory()
  const endsAt = performance.now() + minutes * 60_000
  const settledIn: number[] = []
  for (let round = 1; performance.now() < endsAt; round++) {
    const restores = journal.countOf('restore all')
    const drops = journal.countOf(dropped)
    journal.note({ face: 'test', what: `round ${round}`, paths: [], result: '' })
    await Promise.all([...faces(world, scratch, random.below(1e9)), clientAtWork(world, random)])
    const { disk, ms } = await settled(world)
    settledIn.push(ms)
    const isTakenBack = journal.countOf('restore all') > restores
    const wasDropped = journal.countOf(dropped) > drops
    const problems = history.compare(disk, {
      isTakenBack,
      wasDropped,
      // Root wrote the id of another file over it while nothing else knew its own.
      mayHaveLostId: path =>
        wasDropped && journal.touching([path]).some(text => text.includes(' shell cp -a ')),
      mayHaveBeenLinked: path => journal.touching([path]).some(text => text.includes(' shell ln "')),
    })
    for (const { path, text } of problems) fail(world, [{ paths: [path], text: `${path}: ${text}` }])
    if (client.problems.length > 0) throw new Error(withSeed(seed, client.problems.join('\n')))
    if (round % 4 === 0) await anew(world, disk)
    console.log(
      `# coherence ${seed}: round ${round}, ${journal.count()} operations, ${client.polls()} polls, ${disk.size} entries, agreed after ${ms} ms`,
    )
  }
  const { disk } = await settled(world)
  await anew(world, disk)
  t.log(
    `${journal.count()} operations, ${client.polls()} polls; agreed after ${Math.max(...settledIn)} ms at most`,
  )
  t.pass()
  rmSync(scratch, { recursive: true })
}

async function makeWorld(
  t: ExecutionContext,
  journal: Journal,
  random: ReturnType<typeof createRandom>,
): Promise<World> {
  const cairn = await startCairn(t, {
    args: [
      ...['--admin', `${admin.name}:${admin.password}`, '--pool', 'raid1'],
      ...['--practice-disks', '3', '--practice-size', '2G', '--servers', String(servers)],
    ],
  })
  const made = await cairn.api('POST', '/shares', { name: 'other', pool: 'pool', everyone: 'write' })
  t.is(made.status, 201)
  const dav = createDavClient(cairn)
  for (const path of [...chaosTops, ...ownFolders])
    t.is((await dav.send({ method: 'MKCOL', path })).status, 201)
  const pool = join(cairn.dataDir, 'pools/pool')
  const places = [
    { mount: 'shared', folder: join(pool, 'shares/shared') },
    { mount: 'other', folder: join(pool, 'shares/other') },
    { mount: '', folder: join(pool, `homes/${admin.name}`) },
  ]
  return { cairn, dav, journal, places, client: createClient({ dav, random, journal }) }
}

function faces({ cairn, dav, journal, places }: World, scratch: string, seed: number): Promise<void>[] {
  const real = (path: string) => {
    const place = places.find(({ mount }) => path === mount || path.startsWith(`${mount}/`)) ?? places.at(-1)
    return join(place?.folder ?? '', path.slice(place?.mount.length ?? 0))
  }
  const secret = join(scratch, 'secret')
  writeFileSync(secret, 'never to be served')
  const endsAt = performance.now() + roundMs
  const face = (name: keyof typeof pauseMs, number: number, acts: Acts) => {
    const random = createRandom(seed + number)
    return keepAt({ name, journal, endsAt, random, next: acts(random, createNames(random)) })
  }
  return [
    face('shell', 1, (random, names) => shellActs(random, names, real, secret)),
    face('shell', 2, (random, names) => shellActs(random, names, real, secret)),
    face('dav', 3, (random, names) => davActs(random, names, dav)),
    face('dav', 4, (random, names) => davActs(random, names, dav)),
    face('smb', 5, (random, names) => smbActs(random, names, cairn, scratch)),
    face('trouble', 6, (random, names) => troubleActs(random, names, cairn)),
  ]
}

type Acts = (random: ReturnType<typeof createRandom>, names: ReturnType<typeof createNames>) => () => Act

async function keepAt(job: {
  name: keyof typeof pauseMs
  journal: Journal
  endsAt: number
  random: ReturnType<typeof createRandom>
  next(): Act
}) {
  const { name, journal, endsAt, random, next } = job
  while (performance.now() < endsAt) {
    await delay(random.below(pauseMs[name]))
    const { what, paths, perform } = next()
    const result = await perform().catch(refusal)
    journal.note({ face: name, what, paths, result })
  }
}

/** What the shell could not do: mostly there was nothing of that name. */
function refusal(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  if (error instanceof Error && 'stderr' in error)
    return String(error.stderr).split(': ').at(-1)?.trim() ?? ''
  throw error
}

async function clientAtWork({ client }: World, random: ReturnType<typeof createRandom>) {
  const endsAt = performance.now() + roundMs
  while (performance.now() < endsAt) {
    for (let acts = random.below(4); acts > 0; acts--) await client.act()
    await delay(random.below(pauseMs.client))
    await client.poll()
  }
}

/** Waits until every server and the sync client say what the disk says; fails where they never do. */
async function settled(world: World): Promise<{ disk: ReadonlyMap<string, Found>; ms: number }> {
  const beganAt = performance.now()
  for (;;) {
    const { found, disk } = await differencesNow(world)
    const ms = Math.round(performance.now() - beganAt)
    if (disk && found.length === 0) return { disk, ms }
    if (ms > quietMs) fail(world, found)
    await delay(100)
  }
}

async function differencesNow(
  world: World,
): Promise<{ found: Difference[]; disk?: ReadonlyMap<string, Found> }> {
  const { cairn, dav, client, places } = world
  const lines = await linesToAll(cairn, servers)
  try {
    if (lines.size < servers) return { found: [{ paths: [], text: `${lines.size} servers answer` }] }
    const disk = walkAll(places)
    if ('text' in disk) return { found: [disk] }
    const found: Difference[] = []
    for (const [server, line] of lines) {
      const listed = await listAll(dav, line)
      if ('text' in listed) return { found: [listed] }
      found.push(...differences(`server ${server}`, listed, disk))
    }
    if (!(await client.poll())) found.push({ paths: [], text: 'the client could not see all' })
    return { found: [...found, ...differences('client', client.mirror(), disk)], disk }
  } finally {
    for (const line of lines.values()) line.destroy()
  }
}

/** The index is thrown away: what is made anew says the same, from ids to etags. */
async function anew(world: World, before: ReadonlyMap<string, Found>) {
  await eventually(async () => (await dropIndex(world.cairn)) === 'ok')
  world.journal.note({ face: 'test', what: 'the index is dropped in the quiet', paths: [], result: '' })
  const { disk: after } = await settled(world)
  for (const [path, { id, etag }] of before) {
    const now = after.get(path)
    if (now?.id === id && now.etag === etag) continue
    fail(world, [{ paths: [path], text: `${path}: ${id} ${etag} before, ${now?.id} ${now?.etag} made anew` }])
  }
}

function fail({ journal, cairn }: World, found: readonly Difference[]): never {
  const shown = found.slice(0, 12).map(({ text }) => text)
  const deepest = found.toSorted((one, other) => depthOf(other) - depthOf(one)).slice(0, 4)
  const touching = journal.touching(deepest.flatMap(({ paths }) => paths)).map(line => `    ${line}`)
  cpSync(join(cairn.dataDir, 'pools/pool/index'), `${journal.path}.index`, { recursive: true })
  writeFileSync(`${journal.path}.cairn`, cairn.complaints.join('\n'))
  const log = `All ${journal.count()} operations: ${journal.path}, and beside it what Cairn logged`
  throw new Error(
    [`${found.length} differences`, ...shown, 'What touched them:', ...touching, log].join('\n'),
  )
}

function depthOf({ paths: [path = ''] }: Difference): number {
  return path.split('/').length
}

function withSeed(seed: number, text: string): string {
  return `seed ${seed}: ${text}`
}
