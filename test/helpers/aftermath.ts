import type { ExecutionContext } from 'ava'
import { admin, basic, type Cairn } from './cairn.ts'
import { neighbourPrefix } from './neighbour.ts'
import { type Item, type State, stormFolders, type Worker } from './storm.ts'
import { numberOf } from './whole-content.ts'

/** What a power cut in a storm of uploads has left, and whether that is what it may leave. */
type Server = Pick<Cairn, 'url'>
const headers = { authorization: basic(admin) }

/** Every file that is there, from the listing, from the disk and from its content; a torn one fails the test. */
export async function filesOf(
  t: ExecutionContext,
  server: Server,
  namesOnDisk: (folder: string) => Promise<string[]>,
): Promise<State> {
  const found = new Map<string, Item>()
  for (const folder of stormFolders) {
    const listed = await listingOf(server, folder)
    const there = (await namesOnDisk(folder)).filter(isOurs)
    t.deepEqual([...listed.keys()].sort(), there.sort(), 'the listing shows what the disk holds')
    for (const [name, { etag, id }] of listed) {
      const answer = await fetch(`${server.url}/webdav/shared/${folder}/${name}`, { headers })
      const content = Buffer.from(await answer.arrayBuffer())
      const number = numberOf(content)
      if (number === undefined) t.fail(`${folder}/${name} is torn: ${answer.status}, ${content.length} bytes`)
      else found.set(`${folder}/${name}`, { number, etag, id })
    }
  }
  return found
}

async function listingOf(server: Server, folder: string) {
  const answer = await fetch(`${server.url}/dav/files/${admin.name}/shared/${folder}/`, {
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

const isOurs = (name: string) => !name.startsWith(neighbourPrefix)

export function stateOf(all: State, worker: string): State {
  return new Map([...all].filter(([path]) => path.split('/')[1]?.startsWith(`${worker}-`)))
}

/** Between these moments the power went. */
export interface Moment {
  from: number
  to: number
}

/** Empty if what is there is one of the states that the cut may leave; else how it differs from the last that is promised. */
function mistakes(worker: Worker, all: State, { from, to }: Moment): string[] {
  const found = stateOf(all, worker.name)
  const differences = worker.possible(from, to).map(state => differencesOf(state, found))
  return differences.some(list => list.length === 0) ? [] : (differences[0] ?? ['there is no state at all'])
}

/** Fails the test where one of the clients finds something else than the cut may leave. */
export function expectKept(t: ExecutionContext, workers: readonly Worker[], all: State, moment: Moment) {
  for (const worker of workers) {
    const wrong = mistakes(worker, all, moment)
    if (wrong.length > 0) t.log(`before the cut, ${worker.name}:`, worker.recent(moment.to))
    t.deepEqual(wrong, [], worker.name)
  }
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
