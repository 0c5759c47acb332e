import { fchmodSync, fstatSync, mkdirSync, read, write } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf, Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import {
  closeDescriptor,
  FileStatus,
  openFlags,
  readStatus,
  reflink,
  setModified,
  syncFilesystemAside,
} from '../../lib/posix.ts'
import type { Entry, Volume } from '../schema.ts'
import { createBreather } from './bursts.ts'
import { carryChecksums } from './checksums.ts'
import { carryAttributes, fileMode, folderMode } from './drafts.ts'
import type { Entries } from './entries.ts'
import type { Folder } from './folders.ts'
import { carryWriter } from './history/writers.ts'
import { type Identity, identityOf, newIdentity, writeIdentity } from './ids.ts'
import { readNames } from './listing.ts'
import type { Stock } from './stock.ts'
import type { SyncQueue } from './sync-queue.ts'
import { isHidden } from './tree.ts'

const readAt = promisify(read)
const writeAt = promisify(write)
const copyBytes = 1024 * 1024
/** Two descriptors are open for each level. */
const maxDepth = 1000

/** From whose id to whose id: what hangs on the one may be copied to the other. */
export type CopiedListener = (pairs: readonly (readonly [number, number])[]) => Promise<void>

export interface CopyJob {
  source: Volume
  /** A move to another volume: the ids go along. */
  keepsIds: boolean
  isShallow: boolean
  onCopied: CopiedListener
  /** Told the id of each file that goes along, before its source is removed. */
  onMoved?: (id: number) => Promise<void>
  onProgress?: ProgressListener
  /** Where all is noted that is copied, as it was just before. */
  stock?: Stock
}

export interface PlaceProgress {
  files: number
  bytes: number
  /** As far as the index knows what lies below. */
  totalBytes: number
}

export type ProgressListener = (progress: PlaceProgress) => void

/** Nobody sees the tree before it is whole: beyond so many, all of it reaches the disk at once (syncfs(2)). */
const filesSyncedAlone = 64

export interface CopyDeps {
  entries: Entries
  sync: SyncQueue
  log: Log
}

interface Source {
  folder: Folder
  one: Entry
  /** The inode of the folder; 0 at the top of what is copied. */
  parent: number
}

/** Copies a file or a tree under a new name into an open folder; every file in it has reached the disk at the end. */
export function createCopying({ entries, sync, log }: CopyDeps) {
  async function copyTree(from: Folder, entry: Entry, to: { folder: Folder; name: string }, job: CopyJob) {
    const pairs: (readonly [number, number])[] = []
    const breathe = createBreather()
    const progress = { files: 0, bytes: 0, totalBytes: entry.size }
    let isSyncDue = false

    async function reachDisk(fd: number) {
      if (progress.files < filesSyncedAlone) await sync.sync(fd)
      else isSyncDue = true
    }

    async function copy(from: Source, target: Folder, name: string, depth: number) {
      await breathe()
      if (depth > maxDepth) throw tooDeep()
      await note(
        from.one.kind === 'file'
          ? await copyFile(from, target, name)
          : await copyFolder(from, target, name, depth),
        from.one,
      )
    }

    async function copyFolder({ folder, one, parent }: Source, target: Folder, name: string, depth: number) {
      using inner = folder.folder(one.name)
      const inode = noteSource(inner.fd, parent, one.name)
      mkdirOrKeep(target.at(name), depth)
      using made = target.folder(name, openFlags.readOnly)
      const identity = giveIdentity(made.fd, inner, one)
      if (!job.isShallow) {
        for (const child of readNames(inner, log)) {
          if (one.isVolumeRoot && isHidden([], child)) continue
          const entry = entries.at(job.source, inner, child)
          if (entry) await copy({ folder: inner, one: entry, parent: inode }, made, child, depth + 1)
        }
      }
      fchmodSync(made.fd, folderMode)
      carryTime(inner.fd, made.fd)
      await reachDisk(made.fd)
      return identity
    }

    /** Before its content is read: what is written from then on shows. */
    function noteSource(fd: number, parent: number, name: string): number {
      if (!job.stock || !readStatus(fd, '', status)) return 0
      job.stock.note(parent, parent === 0 ? '' : name, status)
      return status.inode
    }

    async function copyFile({ folder, one, parent }: Source, target: Folder, name: string) {
      const fromFd = folder.open(one.name)
      try {
        noteSource(fromFd, parent, one.name)
        const toFd = target.open(name, openFlags.readWrite | openFlags.create | openFlags.exclusive, fileMode)
        try {
          return await copyContent(fromFd, toFd, one)
        } finally {
          closeDescriptor(toFd)
        }
      } finally {
        closeDescriptor(fromFd)
      }
    }

    async function copyContent(fromFd: number, toFd: number, one: Entry) {
      await cloneOrCopy(fromFd, toFd)
      const { mode } = fstatSync(fromFd)
      carryAttributes(fromFd, toFd)
      const identity = identityFor(fromFd, one)
      writeIdentity(toFd, identity)
      fchmodSync(toFd, fileMode | (mode & 0o111))
      carryTime(fromFd, toFd)
      carryChecksums(fromFd, toFd)
      carryWriter(fromFd, toFd)
      await reachDisk(toFd)
      return identity
    }

    function giveIdentity(fd: number, source: Folder, one: Entry) {
      const sourceFd = source.open('.', openFlags.readOnly | openFlags.directory)
      try {
        const identity = identityFor(sourceFd, one)
        writeIdentity(fd, identity)
        return identity
      } finally {
        closeDescriptor(sourceFd)
      }
    }

    /** Of several names of a file each has an id of its own. */
    function identityFor(fd: number, { id }: Entry): Identity {
      const carried = job.keepsIds ? identityOf(fd) : undefined
      return carried ? { ...carried, id: id ?? carried.id } : newIdentity()
    }

    async function note(identity: Identity, one: Entry) {
      if (job.keepsIds && one.kind === 'file') await job.onMoved?.(identity.id)
      if (!job.keepsIds && one.id !== undefined) pairs.push([one.id, identity.id])
      if (pairs.length >= 500) await job.onCopied(pairs.splice(0))
      if (one.kind !== 'file') return
      progress.files += 1
      progress.bytes += one.size
      job.onProgress?.(progress)
    }

    await copy({ folder: from, one: entry, parent: 0 }, to.folder, to.name, 0)
    if (isSyncDue) await syncFilesystemAside(to.folder.fd)
    if (pairs.length > 0) await job.onCopied(pairs)
  }
  return copyTree
}

const status = new FileStatus()

/** To the nanosecond: an etag depends on it. */
function carryTime(fromFd: number, toFd: number) {
  if (readStatus(fromFd, '', status)) setModified(toFd, status)
}

/** The top of a copied tree was made already, as a draft. */
function mkdirOrKeep(path: string, depth: number) {
  try {
    mkdirSync(path, folderMode)
  } catch (error) {
    if (depth > 0 || errnoOf(error) !== 'EEXIST') throw error
  }
}

const cannotClone = new Set(['EXDEV', 'EOPNOTSUPP', 'ENOTSUP', 'ENOTTY', 'EINVAL', 'ENOSYS'])

/** Blocks shared where that can be. */
export async function cloneOrCopy(fromFd: number, toFd: number) {
  try {
    reflink(fromFd, toFd)
  } catch (error) {
    if (!cannotClone.has(errnoOf(error) ?? '')) throw error
    await copyBytesOf(fromFd, toFd)
  }
}

async function copyBytesOf(fromFd: number, toFd: number) {
  const buffer = Buffer.allocUnsafe(copyBytes)
  let position = 0
  for (;;) {
    const { bytesRead } = await readAt(fromFd, buffer, 0, buffer.length, position)
    if (bytesRead === 0) return
    let done = 0
    while (done < bytesRead) {
      const { bytesWritten } = await writeAt(toFd, buffer, done, bytesRead - done, position + done)
      done += bytesWritten
    }
    position += bytesRead
  }
}

function tooDeep() {
  return new Failure('invalid', 'files/too-deep', `Folders can be copied down to ${maxDepth} levels.`)
}
