import { Failure } from '../../../lib/failure.ts'
import {
  closeDescriptor,
  FileStatus,
  getXattr,
  readStatus,
  removeXattr,
  renameAt,
  setXattr,
} from '../../../lib/posix.ts'
import type { Checksums } from '../../parse/checksums.ts'
import { type ContentMark, currentId, distinct, kindOfVersion } from '../../plan/versions.ts'
import type { ChangeOptions, Entry, Person, SnapshotFiles, Volume } from '../../schema.ts'
import { readChecksums } from '../checksums.ts'
import { cloneOrCopy } from '../copying.ts'
import { Draft } from '../drafts.ts'
import type { Entries } from '../entries.ts'
import { isFolder, missing, saying, sayingAsync } from '../failures.ts'
import { Folder, openFolder } from '../folders.ts'
import { readIdentity } from '../ids.ts'
import { type OpenFile, openedAs } from '../reading.ts'
import { syncFolder } from '../removing.ts'
import type { Sweeper } from '../sweeping.ts'
import type { SyncQueue } from '../sync-queue.ts'
import { requireWritable, type Spot, splitSpot } from '../tree.ts'
import { draftName, exclusively } from '../workspace.ts'
import type { Replacing, Written } from '../writing.ts'
import { namesOn, openShelf } from './shelf.ts'
import { sourceAttribute, writerOfSpare } from './spares.ts'
import { readWriter } from './writers.ts'

/** docs/on-disk-format.md, "Versions": what somebody calls this content. */
export const labelAttribute = 'user.cairn.label'

/** One earlier content of a file, wherever it comes from, or the present one. */
export interface Version {
  /** `current`, the name on the shelf, or that of a snapshot. */
  id: string
  kind: 'version' | 'snapshot'
  isCurrent: boolean
  modifiedAtMs: number
  size: number
  /** Who wrote it, where that is known. */
  author: string | undefined
  label: string | undefined
  /** Of a snapshot: when it was taken. */
  takenAt: string | undefined
}

export interface VersionDeps {
  entries: Entries
  sync: SyncQueue
  sweeper: Sweeper
  replace: Replacing
  snapshots: SnapshotFiles | undefined
}

/** What a file was before: versions that were kept and snapshots, in one list. */
export function createVersions({ entries, sync, sweeper, replace, snapshots }: VersionDeps) {
  /** The present one first, then the newest. */
  async function list(person: Person, spot: Spot): Promise<Version[]> {
    const { current, marked } = saying(() => lookAt(spot))
    const kept = current.id === undefined ? [] : saying(() => keptOf(spot.volume, current.id ?? 0))
    const known = [marked, ...kept].map(({ mark }) => mark)
    const older = distinct(known, await snapshotsOf(person, spot))
    const earlier = [...kept, ...older].map(({ version }) => version)
    earlier.sort((one, other) => other.modifiedAtMs - one.modifiedAtMs)
    return [marked.version, ...earlier]
  }

  function lookAt(spot: Spot): { current: Entry; marked: Marked } {
    const { volume, parent, name } = splitSpot(spot)
    using folder = openFolder(volume, parent)
    const current = entries.at(volume, folder, name)
    if (!current) throw missing()
    if (current.kind === 'folder') throw isFolder()
    const mark = markOf(folder, name)
    if (!mark) throw missing()
    const { author = writerOf(volume, current), label } = told(folder.at(name), current.etag)
    const version = versionOf({ id: currentId, isCurrent: true, author, label }, mark)
    return { current, marked: { mark, version } }
  }

  function keptOf(volume: Volume, id: number): Marked[] {
    using shelf = openShelf(volume, id)
    if (!shelf) return []
    return namesOn(shelf).flatMap(name => {
      const entry = entries.at(volume, shelf, name)
      const mark = markOf(shelf, name)
      if (entry?.kind !== 'file' || !mark) return []
      return [{ mark, version: versionOf({ id: name, ...told(shelf.at(name), entry.etag) }, mark) }]
    })
  }

  async function snapshotsOf(person: Person, { volume, path }: Spot): Promise<Marked[]> {
    if (!snapshots) return []
    const all = await snapshots.list(person, volume.name)
    return all.toReversed().flatMap(({ id, createdAt, label }) => {
      const fd = openIn(person, volume, id, path)
      if (fd === undefined) return []
      try {
        const mark = markOf(new Folder(fd), '')
        if (!mark) return []
        return [
          {
            mark,
            version: versionOf({ id, kind: 'snapshot', takenAt: createdAt, label: label ?? undefined }, mark),
          },
        ]
      } finally {
        closeDescriptor(fd)
      }
    })
  }

  function openIn(person: Person, volume: Volume, id: string, path: readonly string[]): number | undefined {
    try {
      return snapshots?.open(person, volume.name, id, `/${path.join('/')}`).fd
    } catch (error) {
      if (error instanceof Failure && error.kind === 'missing') return undefined
      throw error
    }
  }

  function open(person: Person, spot: Spot, id: string): OpenFile {
    const name = spot.path.at(-1) ?? ''
    const fd = descriptorOf(person, spot, id)
    return openedAs(entries, spot.volume, fd, name)
  }

  /** Of a version, for reading; whoever gets it closes it. */
  function descriptorOf(person: Person, spot: Spot, id: string): number {
    const kind = kindOfVersion(id)
    const { current } = saying(() => lookAt(spot))
    if (kind === 'snapshot') {
      const fd = openIn(person, spot.volume, id, spot.path)
      if (fd === undefined) throw noVersion()
      return fd
    }
    if (kind === 'current') {
      const { volume, parent, name } = splitSpot(spot)
      using folder = openFolder(volume, parent)
      return saying(() => folder.open(name))
    }
    using shelf = shelfOf(spot.volume, current)
    if (kind !== 'kept') throw noVersion()
    return saying(() => shelf.open(id))
  }

  async function restore(
    person: Person,
    spot: Spot,
    id: string,
    options: ChangeOptions = {},
  ): Promise<Written> {
    requireWritable(spot)
    const fd = descriptorOf(person, spot, id)
    try {
      const mark = markOf(new Folder(fd), '')
      if (!mark) throw noVersion()
      const source = {
        open: (volume: Volume) => new Draft(volume),
        async fill(draft: { fd: number }): Promise<Checksums> {
          await sayingAsync(() => cloneOrCopy(fd, draft.fd))
          return readChecksums(`/proc/self/fd/${fd}`, openEtag(spot.volume, fd))
        },
      }
      const written = await replace(spot, source, { ...options, modifiedAtMs: modifiedAt(mark) })
      // It is the present content now. What somebody has named stays under its name.
      if (kindOfVersion(id) === 'kept' && getXattr(fd, labelAttribute) === undefined)
        await remove(spot, id).catch(ignoreMissing)
      return written
    } finally {
      closeDescriptor(fd)
    }
  }

  function openEtag(volume: Volume, fd: number): string | undefined {
    return entries.at(volume, new Folder(fd), '')?.etag
  }

  async function remove(spot: Spot, id: string): Promise<void> {
    requireWritable(spot)
    using shelf = keptShelf(spot, id)
    exclusively(spot.volume, workspace => renameAt(shelf.fd, id, workspace.fd, draftName('moved')))
    await syncFolder(shelf, sync)
    sweeper.sweep(spot.volume)
  }

  /** An empty label takes it away. A label keeps a version from being thinned out. */
  async function label(spot: Spot, id: string, text: string): Promise<void> {
    requireWritable(spot)
    const fd = kindOfVersion(id) === 'current' ? openCurrent(spot) : openKept(spot, id)
    try {
      saying(() =>
        text === '' ? removeXattr(fd, labelAttribute) : setXattr(fd, labelAttribute, Buffer.from(text)),
      )
      await sync.sync(fd)
    } finally {
      closeDescriptor(fd)
    }
  }

  function openCurrent(spot: Spot): number {
    const { volume, parent, name } = splitSpot(spot)
    using folder = openFolder(volume, parent)
    return saying(() => folder.open(name))
  }

  function openKept(spot: Spot, id: string): number {
    using shelf = keptShelf(spot, id)
    return saying(() => shelf.open(id))
  }

  function keptShelf(spot: Spot, id: string): Folder {
    const kind = kindOfVersion(id)
    if (kind === 'current' || kind === 'snapshot') throw notAlone(kind)
    if (kind === undefined) throw noVersion()
    return shelfOf(spot.volume, saying(() => lookAt(spot)).current)
  }

  function shelfOf(volume: Volume, { id }: Entry): Folder {
    const shelf = id === undefined ? undefined : saying(() => openShelf(volume, id))
    if (!shelf) throw noVersion()
    return shelf
  }

  return { list, open, restore, remove, label }
}

interface Marked {
  mark: ContentMark
  version: Version
}

function versionOf(known: Partial<Version> & { id: string }, mark: ContentMark): Version {
  return {
    kind: 'version',
    isCurrent: false,
    author: undefined,
    label: undefined,
    takenAt: undefined,
    ...known,
    modifiedAtMs: modifiedAt(mark),
    size: mark.size,
  }
}

function modifiedAt({ modifiedSeconds, modifiedNanoseconds }: ContentMark): number {
  return modifiedSeconds * 1000 + Math.floor(modifiedNanoseconds / 1e6)
}

const status = new FileStatus()

function markOf(folder: Folder, name: string): ContentMark | undefined {
  if (!readStatus(folder.fd, name, status) || status.kind !== 'file') return undefined
  const { sizeBytes: size, modifiedSeconds, modifiedNanoseconds } = status
  const path = name === '' ? folder.path : folder.at(name)
  // What gets an id as it is first seen starts at 1, with the content that it had before.
  const generation = readIdentity(path)?.generation ?? 1
  const source = getXattr(path, sourceAttribute)?.toString()
  const inode = source === undefined ? status.inode : Number(source)
  return { inode, size, modifiedSeconds, modifiedNanoseconds, generation }
}

function told(path: string, etag: string | undefined) {
  const label = getXattr(path, labelAttribute)?.toString()
  return { author: readWriter(path, etag), label }
}

function writerOf(volume: Volume, { id, etag }: Entry): string | undefined {
  return id === undefined ? undefined : writerOfSpare(volume, id, etag)
}

function ignoreMissing(error: unknown) {
  if (!(error instanceof Failure) || error.kind !== 'missing') throw error
}

function noVersion(): Failure {
  return new Failure('missing', 'files/no-version', 'There is no such version of this file any more.')
}

function notAlone(kind: 'current' | 'snapshot'): Failure {
  const message =
    kind === 'current'
      ? 'This is the present content: delete the file instead.'
      : 'This version is part of a snapshot, which is kept or deleted as a whole.'
  return new Failure('forbidden', 'files/version-not-alone', message)
}
