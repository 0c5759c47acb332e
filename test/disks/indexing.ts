import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ExecutionContext } from 'ava'
import {
  createFileIndex,
  createFiles,
  type FileIndex,
  type Files,
  type Volume,
} from '../../appliance/files/index.ts'
import { Folder } from '../../appliance/files/service/folders.ts'
import { fileEtag, readIdentity } from '../../appliance/files/service/ids.ts'
import { contributionOf, folderEtag, plus } from '../../appliance/files/service/indexing/etags.ts'
import { createPoolIndex } from '../../appliance/files/service/indexing/pool-index.ts'
import type { Database } from '../../appliance/lib/database.ts'
import { type Log, silentLog } from '../../appliance/lib/log.ts'
import { closeDescriptor, FileStatus, getXattr, openFolder, readStatus } from '../../appliance/lib/posix.ts'
import { type Box, startBox } from '../storage/box.ts'

export const ann = { user: 'ann', role: 'member' } as const

export interface Indexed {
  box: Box
  index: FileIndex
  files: Files
  media: Volume
  home: Volume
  other: Volume
  /** Ends the index, as with its server. */
  stop(): Promise<void>
  /** Another server process over the same box. */
  second(): Promise<Indexed>
}

export interface IndexedOptions {
  box?: Box
  log?: Log
  database?: Database
  /** Which processes are the server's own. Usually none: tests change files themselves, as a shell would. */
  isOwn?: (pid: number) => boolean
  /** Gives files of other accounts to ours. */
  adopt?: (volume: Volume, paths: readonly (readonly string[])[]) => Promise<void>
}

/** A real pool with two shares and a home, the index of a server and its files. */
export async function startIndexed(t: ExecutionContext, given: IndexedOptions = {}): Promise<Indexed> {
  const box = given.box ?? (await startBox(t, { disks: 1, sizeBytes: 2 * 1024 ** 3 }))
  const log = given.log ?? silentLog
  if (!given.box) {
    await box.createPool('single')
    for (const name of ['media', 'other']) await box.storage.createSubvolume('pool', 'shares', name)
    await box.storage.createSubvolume('pool', 'homes', 'ann')
  }
  return openIndex(t, box, { ...given, log })
}

type OpenOptions = Omit<IndexedOptions, 'log'> & { log: Log }

async function openIndex(
  t: ExecutionContext,
  box: Box,
  { log, database, isOwn = () => false, adopt = async () => undefined }: OpenOptions,
): Promise<Indexed> {
  const volume = (kind: Volume['kind'], name: string): Volume => ({
    kind,
    name,
    pool: 'pool',
    path: join(box.poolsDir, 'pool', kind === 'home' ? 'homes' : 'shares', name),
    right: 'write',
    isAvailable: true,
    isReadOnly: false,
  })
  const [media, other, home] = [volume('share', 'media'), volume('share', 'other'), volume('home', 'ann')]
  const everyVolume = () => [media, other, home]
  const index = createFileIndex({
    changes: box.storage.changes,
    events: box.events,
    log,
    everyVolume,
    adopt,
    // The tests change files themselves, as a shell would.
    isOwn,
    onOutside: change => files.history.outside(change, undefined),
  })
  const shares = {
    volumes: everyVolume,
    volume: (_: unknown, name: string) => [media, other].find(one => one.name === name),
    home: () => home,
  }
  const files = createFiles({
    shares,
    events: box.events,
    log,
    index,
    everyVolume,
    ...(database ? { database } : {}),
  })
  await files.domain.start?.()
  let isUp = true
  const stop = async () => {
    if (isUp) await files.domain.stop?.()
    isUp = false
  }
  t.teardown(stop)
  return { box, index, files, media, other, home, stop, second: () => openIndex(t, box, { log }) }
}

export interface Walked {
  path: string
  id: number
  etag: string
  size: number
  inode: number
}

const status = new FileStatus()

/** What the index must say of a volume, found out anew from the disk alone; the top has the path ''. */
export function walk(volume: Pick<Volume, 'path'>): Map<string, Walked> {
  const found = new Map<string, Walked>()
  const visit = (path: string, folderId: number): Walked => {
    const place = join(volume.path, path)
    const { ino, isDirectory } = statOf(place)
    const identity = identityOf(place, folderId)
    if (!identity) throw new Error(`${path} has no id`)
    const walked: Walked = { path, id: identity.id, etag: '', size: 0, inode: ino }
    if (isDirectory) {
      let sum = 0n
      for (const name of readdirSync(place)) {
        if (path === '' && name === '.cairn') continue
        const child = visit(path === '' ? name : `${path}/${name}`, identity.id)
        sum = plus(sum, contributionOf(name, child.id, child.etag))
        walked.size += child.size
      }
      walked.etag = folderEtag(walked.id, sum, timeOf(place))
    } else {
      const fd = openFolder(join(place, '..'))
      readStatus(fd, place.slice(place.lastIndexOf('/') + 1), status)
      closeDescriptor(fd)
      walked.size = status.sizeBytes
      walked.etag = fileEtag(identity, status)
    }
    found.set(path, walked)
    return walked
  }
  visit('', 0)
  return found
}

export function timeOf(folder: string) {
  const fd = openFolder(folder)
  readStatus(fd, '', status)
  closeDescriptor(fd)
  return { modified: status.modifiedSeconds, modifiedNs: status.modifiedNanoseconds }
}

/** A further name of a file has an id of its own. */
function identityOf(place: string, folderId: number) {
  const carried = readIdentity(place)
  const links = getXattr(place, 'user.cairn.links')
  if (!carried || !links) return carried
  const name = basename(place)
  const found = (JSON.parse(links.toString()) as [number, number, string][]).find(
    link => link[1] === folderId && link[2] === name,
  )
  return found ? { ...carried, id: found[0] } : carried
}

function statOf(place: string) {
  const stat = statSync(place)
  return { ino: stat.ino, isDirectory: stat.isDirectory() }
}

/** The etag and size of a folder as the index has them now. */
export function folderOf({ index }: Indexed, volume: Volume, path = '') {
  return index.folder(volume, statSync(join(volume.path, path)).ino)
}

/** Waits until the index says what the disk says; fails the test where it never does. */
export async function agrees(t: ExecutionContext, indexed: Indexed, volume: Volume, withinMs = 10_000) {
  const deadline = Date.now() + withinMs
  for (;;) {
    const problem = difference(indexed, volume)
    if (problem === undefined) return t.pass()
    if (Date.now() > deadline) return t.fail(problem)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function difference(indexed: Indexed, volume: Volume): string | undefined {
  try {
    if (!indexed.index.isTrue(volume)) return `${volume.name} is not relied on`
    for (const { path, inode, etag, size, id } of walk(volume).values()) {
      const place = indexed.index.byId([volume], id)
      if (!place || place.path.join('/') !== path) return `${path}: id ${id} is at ${place?.path.join('/')}`
      const found = statSync(join(volume.path, path)).isDirectory()
        ? indexed.index.folder(volume, inode)
        : undefined
      if (found && (found.etag !== etag || found.size !== size))
        return `${path}: ${found.etag} ${found.size} instead of ${etag} ${size}`
    }
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** The index of a share, with nobody beside it. */
export function openAlone({ box, ...volumes }: Indexed, share: 'media' | 'other' = 'media') {
  const { path } = volumes[share]
  const index = createPoolIndex({ poolPath: join(box.poolsDir, 'pool'), ownUid: 0, nowMs: Date.now })
  const volume = index.volume({ kind: 'shares', name: share })?.number ?? 0
  const folder = new Folder(openFolder(path))
  return {
    index,
    place: { volume, inode: statSync(path).ino, isTop: true, folder },
    [Symbol.dispose]() {
      folder[Symbol.dispose]()
      index.close()
    },
  }
}
