import { fstatSync } from 'node:fs'
import { errnoOf, Failure } from '../../lib/failure.ts'
import {
  closeDeleted,
  closeDescriptor,
  FileStatus,
  readStatus,
  renameAt,
  whileNotOpenForWriting,
} from '../../lib/posix.ts'
import { algorithmsOf, type Checksums } from '../parse/checksums.ts'
import type { Entry, Volume, WriteOptions } from '../schema.ts'
import { writeChecksums } from './checksums.ts'
import { createDigests, requireSame } from './digests.ts'
import { carryAttributes, Draft, type Placeable, writeBody } from './drafts.ts'
import type { Entries } from './entries.ts'
import { inTheWay, isFolder, openElsewhere, saying, sayingAsync } from './failures.ts'
import { Folder, openParent } from './folders.ts'
import { exchangeOnto, makeShelf } from './history/shelf.ts'
import { writeWriter } from './history/writers.ts'
import { identityOf, newIdentity, nextIdentity, writeIdentity } from './ids.ts'
import { askBackAt } from './lent.ts'
import { linkedId } from './linked-ids.ts'
import { requireSpace } from './space.ts'
import type { SyncQueue } from './sync-queue.ts'
import { requireWritable, type Spot, splitSpot } from './tree.ts'
import { exclusivelyIn } from './workspace.ts'

export interface Written {
  entry: Entry
  isNew: boolean
  /** Of a written file. */
  checksums?: Checksums
}

/** Where new content comes from. */
export interface Source {
  open(volume: Volume): Placeable
  /** Puts all of it into the draft, and tells what is known of it. */
  fill(draft: Placeable): Promise<Checksums>
}

export interface ReplaceDeps {
  entries: Entries
  sync: SyncQueue
  /** Told after what the file was before has become a version. */
  onKept(volume: Volume, id: number): void
  onWritten?(spot: Spot, entry: Entry): void
}

/**
 * Replaces a file, all or nothing: a draft in the same volume, fsync, rename, fsync of the same inode, and only then
 * the answer (no cut leaves a torn file under the name, not even one that nobody was promised).
 */
export function createReplacing({ entries, sync, onKept, onWritten }: ReplaceDeps) {
  return async function replace(spot: Spot, source: Source, options: WriteOptions): Promise<Written> {
    requireWritable(spot)
    if (spot.path.length === 0) throw isFolder()
    const { volume, parent, name } = splitSpot(spot)
    const target = { volume, parent, name, precondition: options.precondition, writer: spot.by?.user }
    const { current, executableBits } = lookAt(entries, target)
    await options.beforeBody?.(current)
    await requireSpace(volume, options.expectedSize)
    return sayingAsync(async () => {
      using draft = source.open(volume)
      const checksums = await source.fill(draft)
      requireSame(options.expectedChecksums ?? {}, checksums)
      draft.seal(options.modifiedAtMs, executableBits)
      const dressed = dress(entries, target, draft, checksums)
      await sync.sync(draft.fd)
      await options.beforeCommit?.()
      await askBackAt(target)
      const written = place(entries, target, draft, dressed)
      await sync.sync(draft.fd)
      if (written.kept) onKept(volume, written.kept)
      onWritten?.(spot, written.entry)
      return written
    })
  }
}

export type Replacing = ReturnType<typeof createReplacing>

/** Replaces a file by what arrives. */
export function createWriting(replace: Replacing) {
  return (spot: Spot, body: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<Written> => {
    const open = (volume: Volume) => new Draft(volume)
    return replace(spot, { open, fill: draft => receive(draft.fd, body, options) }, options)
  }
}

async function receive(
  fd: number,
  body: AsyncIterable<Uint8Array>,
  { expectedSize, expectedChecksums = {}, wantedChecksums = [] }: WriteOptions,
): Promise<Checksums> {
  const digests = createDigests(['SHA1', ...algorithmsOf(expectedChecksums), ...wantedChecksums])
  const size = await writeBody(fd, body, { onBytes: digests.update })
  if (expectedSize !== undefined && size !== expectedSize) throw wrongSize(size, expectedSize)
  return digests.finish()
}

interface Target {
  volume: Volume
  parent: readonly string[]
  name: string
  precondition: WriteOptions['precondition']
  /** Who writes. */
  writer: string | undefined
}

/** Refuses early what would be refused at the end, before a body has been sent for nothing. */
function lookAt(entries: Entries, { volume, parent, name, precondition }: Omit<Target, 'writer'>) {
  using folder = openParent(volume, parent)
  const current = currentFile(entries, { volume, folder, name })
  precondition?.(current)
  if (!current) return { current, executableBits: 0 }
  using file = saying(() => openFile(folder, name))
  return { current, executableBits: fstatSync(file.fd).mode & 0o111 }
}

function currentFile(
  entries: Entries,
  at: { volume: Volume; folder: Folder; name: string },
): Entry | undefined {
  const current = entries.at(at.volume, at.folder, at.name)
  if (current?.kind === 'folder') throw isFolder()
  if (!current && entries.isTaken(at.folder, at.name)) throw inTheWay()
  return current
}

/** `kept`: the id of the file whose earlier content is a version now. */
type Placed = Written & { kept: number | undefined }

/** A draft as it will be seen, and what it was made for. */
interface Dressed {
  entry: Entry
  checksums: Checksums
  /** Tells the file that will be replaced, as it was then. */
  replaces: string
}

/**
 * Gives the draft its id, attributes and checksums before it first reaches the disk: then it has them whatever a power cut
 * leaves of it, promised or not.
 */
function dress(entries: Entries, target: Target, draft: Placeable, checksums: Checksums): Dressed {
  using folder = openParent(target.volume, target.parent)
  const current = currentFile(entries, { ...target, folder })
  using old = current ? saying(() => openFile(folder, target.name)) : undefined
  return dressFor(entries, { ...target, folder, old }, draft, checksums)
}

type Replaced = (Disposable & { fd: number }) | undefined

function dressFor(
  entries: Entries,
  { volume, folder, name, writer, old }: Target & { folder: Folder; old: Replaced },
  draft: Placeable,
  checksums: Checksums,
): Dressed {
  inherit(old && { fd: old.fd, linkedId: linkedId(folder, name) }, draft.fd)
  const entry = entries.at(volume, new Folder(draft.fd), '')
  if (!entry) throw new Error('an open file is a file')
  writeChecksums(draft.fd, entry.etag, checksums)
  writeWriter(draft.fd, entry.etag, writer)
  return { entry: { ...entry, name }, checksums, replaces: stateOf(old) }
}

const status = new FileStatus()

function stateOf(old: Replaced): string {
  if (!old || !readStatus(old.fd, '', status)) return 'nothing'
  return `${status.inode}/${status.changedSeconds}/${status.changedNanoseconds}`
}

/** One synchronous piece: what the precondition sees is what gets replaced. */
function place(entries: Entries, target: Target, draft: Placeable, dressed: Dressed): Placed {
  const { volume, parent, name, precondition } = target
  return exclusivelyIn(draft.workspace, () => {
    using folder = openParent(volume, parent)
    const current = currentFile(entries, { volume, folder, name })
    precondition?.(current)
    using old = current ? openReplaced(folder, current) : undefined
    const { entry, checksums } =
      stateOf(old) === dressed.replaces
        ? dressed
        : dressFor(entries, { ...target, folder, old }, draft, dressed.checksums)
    using shelf = current && makeShelf(volume, current)
    const rename = () =>
      current && shelf
        ? exchangeOnto(shelf, draft, { folder, name }, current.modifiedAtMs)
        : renameAt(draft.folder.fd, draft.name, folder.fd, name)
    if (old) unlessOpenForWriting(old.fd, rename)
    else rename()
    draft.placed()
    const kept = shelf ? current?.id : undefined
    return { entry, isNew: current === undefined, checksums, kept }
  })
}

/** The new content gets the attributes of the old one, and the id that it had by this name. */
function inherit(old: { fd: number; linkedId: number | undefined } | undefined, draftFd: number) {
  const identity = old && identityOf(old.fd)
  const next = identity ? nextIdentity(identity) : newIdentity()
  writeIdentity(draftFd, { ...next, id: old?.linkedId ?? next.id })
  if (old) carryAttributes(old.fd, draftFd)
}

const largeBytes = 64 * 1024 * 1024

function openReplaced(folder: Folder, { name, size }: Entry): Disposable & { fd: number } {
  if (size < largeBytes) return openFile(folder, name)
  const fd = folder.open(name)
  return { fd, [Symbol.dispose]: () => closeDeleted(fd) }
}

export function openFile(folder: Folder, name: string): Disposable & { fd: number } {
  const fd = folder.open(name)
  return { fd, [Symbol.dispose]: () => closeDescriptor(fd) }
}

/** Does `act` with a lease on the file, so that nobody on the network drive goes on writing into what is replaced. */
export function unlessOpenForWriting(fd: number, act: () => void): void {
  let isFree: boolean
  try {
    isFree = whileNotOpenForWriting(fd, act)
  } catch (error) {
    // No lease on another owner's file, nor on some filesystems: smbd writes as our own account, so not into such one.
    if (!(error instanceof Error && 'syscall' in error && error.syscall === 'F_SETLEASE')) throw error
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EINVAL') throw error
    act()
    return
  }
  if (!isFree) throw openElsewhere()
}

export function wrongSize(size: number, expected: number) {
  const message = `${expected} bytes were announced, ${size} arrived.`
  return new Failure('invalid', 'files/size-mismatch', message)
}
