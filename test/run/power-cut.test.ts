import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { walk } from '../disks/indexing.ts'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { neighbourPrefix, startNeighbour } from '../helpers/neighbour.ts'
import { createOuterDisk, type OuterDisk } from '../helpers/outer-disk.ts'
import { createRandom, type Random } from '../helpers/random.ts'
import { type Item, type State, startStorm, type Worker } from '../helpers/storm.ts'
import { numberOf } from '../helpers/whole-content.ts'

const withBtrfs = testIf('root', 'btrfs', 'smbd')
const cuts = Number(process.env.CAIRN_TEST_CUTS ?? 3)
const secondsForOne = 40
const names = Array.from({ length: 8 }, (_, index) => `client${index}`)
const folders = ['one', 'two']
const headers = { authorization: basic(admin) }

withBtrfs(
  `${cuts} power cuts in a storm of uploads: what was acknowledged is there whole, and no file is torn`,
  async t => {
    t.timeout(cuts * secondsForOne * 1000)
    const random = createRandom()
    t.log(`CAIRN_TEST_SEED=${random.seed}`)
    const outer = await createOuterDisk(t)
    let folder = outer.folder
    let cairn = await startCairn(t, { dataDir: folder, args: claimed })
    for (const name of folders)
      await fetch(`${cairn.url}/webdav/shared/${name}`, { method: 'MKCOL', headers })
    let states = new Map<string, State>(names.map(name => [name, new Map()]))
    for (let count = 1; count <= cuts; count++) {
      const storm = await stormAndCut(cairn, outer, { folder, states, random })
      await cairn.stop()
      await outer.remove(folder)
      folder = storm.copy
      cairn = await startCairn(t, { dataDir: folder })
      const found = await filesOf(cairn, t)
      await foldersAgree(cairn, t)
      states = new Map(storm.workers.map(worker => [worker.name, stateOf(found, worker.name)]))
      for (const worker of storm.workers) {
        const wrong = mistakes(worker, found, storm)
        if (wrong.length > 0) t.log(`before the cut, ${worker.name}:`, worker.recent(storm.to))
        t.deepEqual(wrong, [], worker.name)
      }
      const tmp = join(shareOf(folder), '.cairn/tmp')
      await eventually(async () => (await readdir(tmp)).length === 0)
      t.log(
        `cut ${count}: ${storm.acknowledged} acknowledged before it, ${found.size} files, all as they should be`,
      )
    }
    await cairn.stop()
  },
)

interface Cut {
  workers: Worker[]
  copy: string
  /** Between these moments the power went. */
  from: number
  to: number
  acknowledged: number
}

async function stormAndCut(
  cairn: Cairn,
  outer: OuterDisk,
  { folder, states, random }: { folder: string; states: ReadonlyMap<string, State>; random: Random },
): Promise<Cut> {
  const storm = startStorm(cairn, random, states)
  const neighbour = startNeighbour(shareOf(folder), folders, random)
  const acknowledged = 50 + random.below(400)
  await storm.acknowledged(acknowledged)
  const from = performance.now()
  const copy = await outer.cut(folder)
  const to = performance.now()
  await Promise.all([storm.stop(), neighbour.stop()])
  return { workers: storm.workers, copy, from, to, acknowledged }
}

function shareOf(folder: string): string {
  return join(folder, 'pools/pool/shares/shared')
}

/** Every file that is there, from the listing, from the disk and from its content; a torn one fails the test. */
async function filesOf(cairn: Cairn, t: ExecutionContext): Promise<State> {
  const found = new Map<string, Item>()
  for (const folder of folders) {
    const listed = await listingOf(cairn, folder)
    const there = (await readdir(join(shareOf(cairn.dataDir), folder))).filter(isOurs)
    t.deepEqual([...listed.keys()].sort(), there.sort(), 'the listing shows what the disk holds')
    for (const [name, { etag, id }] of listed) {
      const answer = await fetch(`${cairn.url}/webdav/shared/${folder}/${name}`, { headers })
      const content = Buffer.from(await answer.arrayBuffer())
      const number = numberOf(content)
      if (number === undefined) t.fail(`${folder}/${name} is torn: ${answer.status}, ${content.length} bytes`)
      else found.set(`${folder}/${name}`, { number, etag, id })
    }
  }
  return found
}

/** Folders have the etags that their content gives: the index is neither ahead of the disk nor behind it. */
async function foldersAgree(cairn: Cairn, t: ExecutionContext) {
  const walked = walk({ path: shareOf(cairn.dataDir) })
  for (const folder of ['', ...folders])
    t.is(await etagOf(cairn, folder), walked.get(folder)?.etag, `the etag of the folder "${folder}"`)
}

async function etagOf(cairn: Cairn, folder: string): Promise<string | undefined> {
  const answer = await fetch(`${cairn.url}/dav/files/${admin.name}/shared/${folder}`, {
    method: 'PROPFIND',
    headers: { ...headers, depth: '0', 'content-type': 'application/xml' },
    body: '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>',
  })
  return /<d:getetag>(?:&quot;|")([^<&"]*)/.exec(await answer.text())?.[1]
}

const isOurs = (name: string) => !name.startsWith(neighbourPrefix)

async function listingOf(cairn: Cairn, folder: string) {
  const answer = await fetch(`${cairn.url}/dav/files/${admin.name}/shared/${folder}/`, {
    method: 'PROPFIND',
    headers: { ...headers, depth: '1', 'content-type': 'application/xml' },
    body: '<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop><d:getetag/><oc:id/></d:prop></d:propfind>',
  })
  const found = new Map<string, { etag: string | undefined; id: string | undefined }>()
  for (const [, response = ''] of (await answer.text()).matchAll(/<d:response>(.*?)<\/d:response>/gs)) {
    const href = /<d:href>([^<]*)<\/d:href>/.exec(response)?.[1] ?? ''
    if (href.endsWith('/')) continue
    const name = decodeURIComponent(href.split('/').at(-1) ?? '')
    const etag = /<d:getetag>(?:&quot;|")([^<&"]*)/.exec(response)?.[1]
    if (isOurs(name)) found.set(name, { etag: etag && `"${etag}"`, id: /<oc:id>([^<]*)/.exec(response)?.[1] })
  }
  return found
}

function stateOf(all: State, worker: string): State {
  return new Map([...all].filter(([path]) => path.split('/')[1]?.startsWith(`${worker}-`)))
}

/** Empty if what is there is one of the states that the cut may leave; else how it differs from the last that is promised. */
function mistakes(worker: Worker, all: State, { from, to }: Cut): string[] {
  const found = stateOf(all, worker.name)
  const differences = worker.possible(from, to).map(state => differencesOf(state, found))
  return differences.some(list => list.length === 0) ? [] : (differences[0] ?? ['there is no state at all'])
}

function differencesOf(wanted: State, found: State): string[] {
  const lines: string[] = []
  for (const path of new Set([...wanted.keys(), ...found.keys()])) {
    const [should, is] = [wanted.get(path), found.get(path)]
    const isSame =
      should?.number === is?.number &&
      (should?.etag === undefined || should.etag === is?.etag) &&
      (should?.id === undefined || should.id === is?.id)
    if (!isSame) lines.push(`${path}: should be ${JSON.stringify(should)}, is ${JSON.stringify(is)}`)
  }
  return lines
}
