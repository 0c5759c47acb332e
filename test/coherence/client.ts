import { createHash } from 'node:crypto'
import type { Random } from '../helpers/random.ts'
import type { Answer, DavClient, Listed } from './dav.ts'
import type { Journal } from './journal.ts'

/** Folders of which only this client touches its own files; what others put beside them does not matter. */
export const ownFolders = ['shared/client', 'shared/client/deeper', 'client'] as const
const ownNames = ['mine 1', 'mine 2', 'mine 3', 'mine 4'] as const

interface Own {
  id: number
  /** Undefined after a move to another share: the time may be of another precision there. */
  etag: string | undefined
  hash: string
}

export interface Client {
  /** Puts, deletes or moves something of its own, or asks for it. */
  act(): Promise<void>
  /** Looks what is new, as the desktop client does; true when all of it could be had. */
  poll(): Promise<boolean>
  /** Everything by its path, as this client believes it to be. */
  mirror(): Map<string, Listed>
  /** What must never be. */
  problems: string[]
  polls(): number
}

/**
 * A sync client: it deletes what a listing lacks, and looks only into folders whose etag has changed. So no listing may
 * ever lack what was acknowledged, and no change may leave an etag as it was.
 */
export function createClient({
  dav,
  random,
  journal,
}: {
  dav: DavClient
  random: Random
  journal: Journal
}): Client {
  const own = new Map<string, Own | 'deleted'>()
  const folders = new Map<string, { etag: string; children: Map<string, Listed> }>()
  const problems: string[] = []
  let polls = 0

  function note(what: string, paths: string[], result: string) {
    journal.note({ face: 'client', what, paths, result })
  }

  function complain(problem: string, path: string) {
    note('PROBLEM', [path], problem)
    problems.push([`${path}: ${problem}`, ...journal.touching([path], 30)].join('\n    '))
  }

  async function act() {
    const path = ownPath()
    const known = own.get(path)
    if (known === undefined || known === 'deleted' || random.chance(0.4)) return put(path)
    if (random.chance(0.3)) return remove(path)
    if (random.chance(0.3)) return move(path, ownPath())
    await ask(path, known)
  }

  const ownPath = () => `${random.pick(ownFolders)}/${random.pick(ownNames)}`

  async function put(path: string) {
    const body = Buffer.from(`${path} ${random.below(1e9)} `.repeat(random.pick([1, 1, 40])))
    const before = own.get(path)
    own.delete(path)
    const answer = await dav.send({ method: 'PUT', path, body })
    note('PUT', [path], String(answer.status))
    if (answer.status !== 201 && answer.status !== 204) return
    const now = described(answer, body)
    const earlier = before === 'deleted' ? undefined : before?.id
    if (earlier !== undefined && earlier !== now.id)
      complain(`an overwrite made the id ${earlier} to ${now.id}`, path)
    own.set(path, now)
  }

  async function remove(path: string) {
    own.delete(path)
    const { status } = await dav.send({ method: 'DELETE', path })
    note('DELETE', [path], String(status))
    if (status === 204) own.set(path, 'deleted')
    else if (status === 404) complain('what was acknowledged is not found by DELETE', path)
  }

  async function move(from: string, to: string) {
    const known = own.get(from)
    if (from === to || known === undefined || known === 'deleted') return
    own.delete(from)
    own.delete(to)
    const headers = { destination: dav.urlOf(to) }
    const { status } = await dav.send({ method: 'MOVE', path: from, headers })
    note('MOVE', [from, to], String(status))
    if (status === 404) complain('what was acknowledged is not found by MOVE', from)
    if (status !== 201 && status !== 204) return
    own.set(from, 'deleted')
    const isElsewhere = from.startsWith('shared/') !== to.startsWith('shared/')
    own.set(to, isElsewhere ? { ...known, etag: undefined } : known)
  }

  async function ask(path: string, known: Own) {
    const { status, body } = await dav.send({ method: 'GET', path })
    if (status === 404) complain('what was acknowledged is answered 404', path)
    if (status === 200 && hashOf(body) !== known.hash) complain('other content than was acknowledged', path)
  }

  /** What it has put is in the listing as it was acknowledged; what it has deleted is not. */
  function check(
    folder: string,
    children: readonly Listed[],
    believed: ReadonlyMap<string, Own | 'deleted'>,
  ) {
    const there = new Map(children.map(child => [child.name, child]))
    for (const name of ownNames) {
      const path = `${folder}/${name}`
      const mine = believed.get(path)
      const found = there.get(name)
      if (mine === undefined) continue
      if (mine === 'deleted') {
        if (found) complain('what was deleted is listed', path)
      } else if (!found) complain('what was acknowledged is missing in a listing', path)
      else if (found.etag !== (mine.etag ?? found.etag) || found.id !== mine.id)
        complain(`listed as ${found.id} ${found.etag}, acknowledged as ${mine.id} ${mine.etag}`, path)
    }
  }

  async function poll(): Promise<boolean> {
    polls += 1
    const { status, self } = await dav.list('', '0')
    if (status === 404) complain('the root is answered 404', '')
    if (!self) return false
    return visit('', self.etag)
  }

  /** True when all below is known; only then the etag is kept. */
  async function visit(path: string, etag: string): Promise<boolean> {
    const known = folders.get(path)
    if (known?.etag === etag) return true
    const isOwn = ownFolders.some(one => one === path)
    const { status, self, children } = await dav.list(path, '1')
    if (status === 404 && isOwn) complain('a folder of its own is answered 404', path)
    if (!self) return false
    if (isOwn) check(path, children, own)
    checkFolders(path, children)
    const now = new Map(children.map(child => [child.name, child]))
    if (now.size !== children.length) complain('a name is listed twice', path)
    for (const [name, child] of known?.children ?? [])
      if (child.kind === 'folder' && now.get(name)?.kind !== 'folder') forget(join(path, name))
    // Without an etag until all is known below.
    folders.set(path, { etag: '', children: now })
    let isWhole = self.etag === etag
    for (const child of children)
      if (child.kind === 'folder' && !(await visit(join(path, child.name), child.etag))) isWhole = false
    if (isWhole) folders.set(path, { etag, children: now })
    return isWhole
  }

  function checkFolders(path: string, children: readonly Listed[]) {
    for (const folder of ownFolders) {
      const at = folder.lastIndexOf('/')
      if (folder.slice(0, Math.max(at, 0)) !== path) continue
      if (!children.some(({ name }) => name === folder.slice(at + 1)))
        complain('a folder of its own is missing in a listing', folder)
    }
  }

  function forget(path: string) {
    for (const key of folders.keys()) if (key === path || key.startsWith(`${path}/`)) folders.delete(key)
  }

  function mirror() {
    const all = new Map<string, Listed>()
    for (const [path, { children }] of folders)
      for (const child of children.values()) all.set(join(path, child.name), child)
    return all
  }

  return { act, poll, mirror, problems, polls: () => polls }
}

function described({ headers }: Answer, body: Buffer): Own {
  const id = Number.parseInt(String(headers['oc-fileid']), 10)
  return { id, etag: String(headers.etag).replaceAll('"', ''), hash: hashOf(body) }
}

function hashOf(body: Buffer): string {
  return createHash('sha1').update(body).digest('hex')
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}
