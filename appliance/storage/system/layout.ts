import { closeSync, openSync, type Stats } from 'node:fs'
import { chmod, chown, lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { renameAt } from '../../lib/posix.ts'
import { snapshotIdAt } from '../plan/snapshot-id.ts'
import type { SubvolumeKind } from '../schema.ts'
import type { PoolBackend, PoolPlace } from './backend.ts'

/** The uid and gid that own what people store: fixed, and part of the format, since pools travel between boxes. */
export const serviceAccount = 2770

export interface Subvolume {
  kind: SubvolumeKind
  name: string
}

export interface LayoutDeps {
  backend: PoolBackend
  /** Owner of all that people store; null leaves it to who runs this. */
  owner: number | null
}

const kinds: SubvolumeKind[] = ['shares', 'homes']
/** What every share and home brings along; see docs/on-disk-format.md. */
const ownFolders = ['trash', 'versions', 'uploads', 'tmp']

/** The folders of a pool, what is in them, and who may enter. */
export function createLayout({ backend, owner }: LayoutDeps) {
  const own = async (path: string, uid: number) => {
    if (owner !== null) await chown(path, uid, owner)
  }

  async function makeFolder(path: string, mode: number, uid = 0) {
    await mkdir(path, { recursive: true })
    await own(path, uid)
    await chmod(path, mode)
  }

  /**
   * What `path` holds is the service account's, links included, and a link would lead root astray: so nobody else may
   * reach it meanwhile, and each folder is given away only when root has nothing more to do in it.
   */
  async function makeOwnFolders(path: string) {
    const cairn = join(path, '.cairn')
    const inner = ownFolders.map(name => join(cairn, name))
    for (const folder of [cairn, ...inner]) await makeRealFolder(folder)
    for (const folder of [...inner, cairn, path]) {
      await own(folder, owner ?? 0)
      await chmod(folder, folder === path ? 0o770 : 0o700)
    }
  }

  async function makeTop({ place, ...manifest }: PoolPlace & { profile: string; createdAt: string }) {
    await makeFolder(place, 0o711)
    for (const kind of kinds) {
      await makeFolder(join(place, kind), 0o711)
      await makeFolder(join(place, 'snapshots'), 0o711)
      await makeFolder(join(place, 'snapshots', kind), 0o711)
    }
    await makeIndex(place)
    const file = join(place, 'manifest.json')
    await writeFile(`${file}.new`, `${JSON.stringify({ format: 1, ...manifest }, null, 2)}\n`)
    await rename(`${file}.new`, file)
    await backend.sync(place)
  }

  /** A subvolume of its own, so that it is in nobody's snapshots; the service account keeps in it what it likes. */
  async function makeIndex(place: string) {
    const path = join(place, 'index')
    if (!(await isThere(path))) await backend.createSubvolume(path)
    await own(path, owner ?? 0)
    await chmod(path, 0o700)
  }

  async function snapshotFolder(place: string, { kind, name }: Subvolume): Promise<string> {
    const folder = join(place, 'snapshots', kind, name)
    await makeFolder(folder, 0o750)
    return folder
  }

  async function createSnapshot(place: string, subvolume: Subvolume): Promise<string> {
    await requireThere(pathOf(place, subvolume))
    const folder = await snapshotFolder(place, subvolume)
    const id = await freeId(folder)
    await backend.snapshot(pathOf(place, subvolume), join(folder, id), 'read-only')
    return id
  }

  /** Only root may enter it. */
  async function restoringFolder(place: string, kind: SubvolumeKind): Promise<string> {
    await makeFolder(join(place, 'restoring'), 0o700)
    await makeFolder(join(place, 'restoring', kind), 0o700)
    return join(place, 'restoring', kind)
  }

  /**
   * The restored state takes the place of the current one in one step. The current one is not copied but becomes
   * a snapshot itself, so that nothing written up to that step is lost, by whoever still has a file open there.
   */
  async function restore(place: string, subvolume: Subvolume, id: string): Promise<string> {
    const { kind, name } = subvolume
    const folder = await snapshotFolder(place, subvolume)
    const restoring = await restoringFolder(place, kind)
    const fresh = join(restoring, name)
    await requireThere(join(folder, id))
    await requireThere(pathOf(place, subvolume))
    if (await isThere(fresh)) await keepAsSnapshot(fresh, folder)
    await backend.snapshot(join(folder, id), fresh, 'writable')
    await emptyUnfinished(fresh)
    await makeOwnFolders(fresh)
    await backend.sync(fresh)
    exchange([join(place, kind), restoring], name)
    const kept = await keepAsSnapshot(fresh, folder)
    await backend.sync(place)
    return kept
  }

  async function keepAsSnapshot(path: string, folder: string): Promise<string> {
    const id = await freeId(folder)
    await rename(path, join(folder, id))
    // Only now: a read-only subvolume cannot be moved.
    await backend.makeReadOnly(join(folder, id))
    return id
  }

  /** What an interrupted restore left is the state before or after it: kept as a snapshot, since we cannot know. */
  async function tidy(place: string) {
    await makeIndex(place)
    for (const kind of kinds) {
      const restoring = await restoringFolder(place, kind)
      for (const name of await readdir(restoring))
        await keepAsSnapshot(join(restoring, name), await snapshotFolder(place, { kind, name }))
    }
  }

  async function createSubvolume(place: string, subvolume: Subvolume) {
    const path = pathOf(place, subvolume)
    if (await isThere(path))
      throw new Failure('conflict', 'storage/exists', `${subvolume.name} is there already.`)
    const making = join(place, subvolume.kind, `.making-${subvolume.name}`)
    if (await isThere(making)) await backend.deleteSubvolume(making)
    await backend.createSubvolume(making)
    await makeOwnFolders(making)
    await rename(making, path)
    await backend.sync(place)
  }

  async function deleteSubvolume(place: string, subvolume: Subvolume) {
    const snapshots = join(place, 'snapshots', subvolume.kind, subvolume.name)
    if (await isThere(snapshots)) {
      for (const id of await readdir(snapshots)) await backend.deleteSubvolume(join(snapshots, id))
      await rm(snapshots, { recursive: true })
    }
    if (await isThere(pathOf(place, subvolume))) await backend.deleteSubvolume(pathOf(place, subvolume))
  }

  async function deleteSnapshot(place: string, { kind, name }: Subvolume, id: string) {
    const path = join(place, 'snapshots', kind, name, id)
    await requireThere(path)
    await backend.deleteSubvolume(path)
  }

  return { makeTop, createSubvolume, deleteSubvolume, createSnapshot, deleteSnapshot, restore, tidy }
}

export type Layout = ReturnType<typeof createLayout>

function pathOf(place: string, { kind, name }: Subvolume): string {
  return join(place, kind, name)
}

/** Two in one second get the next seconds: the name is all that tells them apart, also in Previous Versions. */
async function freeId(folder: string): Promise<string> {
  const taken = new Set(await readdir(folder))
  for (let atMs = Date.now(); ; atMs += 1000) {
    const id = snapshotIdAt(atMs)
    if (!taken.has(id)) return id
  }
}

/** What is under this name in the one folder and in the other change places, in one step. */
function exchange([one, other]: [string, string], name: string) {
  const from = openSync(one, 'r')
  const to = openSync(other, 'r')
  try {
    renameAt(from, name, to, name, 'exchange')
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

/** Uploads and files half written are of the past. */
async function emptyUnfinished(path: string) {
  await makeRealFolder(join(path, '.cairn'))
  for (const name of ['tmp', 'uploads'])
    await rm(join(path, '.cairn', name), { recursive: true, force: true })
}

/** A link or a file in its place goes. */
async function makeRealFolder(path: string) {
  const status = await statusOf(path)
  if (status?.isDirectory()) return
  if (status) await rm(path)
  await mkdir(path)
}

async function requireThere(path: string) {
  if (!(await isThere(path)))
    throw new Failure('missing', 'storage/missing', 'There is no such share or snapshot.')
}

async function isThere(path: string): Promise<boolean> {
  return (await statusOf(path)) !== undefined
}

async function statusOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
