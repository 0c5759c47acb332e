import { fchmodSync, futimesSync, unlinkSync, writeSync, writev } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { closeDescriptor, getXattr, listXattrs, lockFile, openFlags, setXattr } from '../../lib/posix.ts'
import type { Volume } from '../schema.ts'
import { cancelled } from './failures.ts'
import type { Folder } from './folders.ts'
import { ownAttributes } from './ids.ts'
import { makeDraft, openWorkspace } from './workspace.ts'

export const fileMode = 0o664
export const folderMode = 0o775

/** New content that can take its place by a rename. */
export interface Placeable extends Disposable {
  readonly workspace: Folder
  /** Where it lies, and how it is called there. */
  readonly folder: Folder
  readonly name: string
  readonly fd: number
  /** From here on nobody has it open for writing, so that a lease on it can be had as soon as it has its place. */
  seal(modifiedAtMs: number | undefined, executableBits: number): void
  placed(): void
}

/** A file that is being made in the workspace; removed again unless it was placed. */
export class Draft implements Placeable {
  readonly workspace: Folder
  readonly name: string
  fd: number
  #isPlaced = false

  constructor(volume: Volume) {
    this.workspace = openWorkspace(volume)
    try {
      const create = openFlags.readWrite | openFlags.create | openFlags.exclusive
      const made = makeDraft(this.workspace, name => this.workspace.open(name, create, fileMode))
      this.name = made.name
      this.fd = made.fd
    } catch (error) {
      this.workspace[Symbol.dispose]()
      throw error
    }
  }

  get folder(): Folder {
    return this.workspace
  }

  seal(modifiedAtMs: number | undefined, executableBits: number): void {
    setModes(this.fd, modifiedAtMs, executableBits)
    const fd = this.workspace.open(this.name)
    lockFile(fd, 'shared')
    closeDescriptor(this.fd)
    this.fd = fd
  }

  placed(): void {
    this.#isPlaced = true
  }

  [Symbol.dispose](): void {
    try {
      if (!this.#isPlaced) unlinkSync(this.workspace.at(this.name))
    } catch (error) {
      // The pool has gone away: the next sweep finds the draft.
      if (errnoOf(error) === undefined) throw error
    } finally {
      closeDescriptor(this.fd)
      this.workspace[Symbol.dispose]()
    }
  }
}

export function setModes(fd: number, modifiedAtMs: number | undefined, executableBits: number): void {
  if (executableBits !== 0) fchmodSync(fd, fileMode | executableBits)
  if (modifiedAtMs !== undefined) futimesSync(fd, modifiedAtMs / 1000, modifiedAtMs / 1000)
}

/** Copies DOS attributes, streams and whatever else users hang on a file; what is true of one file only stays. */
export function carryAttributes(fromFd: number, toFd: number): void {
  for (const name of listXattrs(fromFd)) {
    if (!name.startsWith('user.') || name.startsWith(ownAttributes)) continue
    const value = getXattr(fromFd, name)
    if (value) setXattr(toFd, name, value)
  }
}

const writeChunks = promisify(writev)
const batchBytes = 512 * 1024
/** Up to here the copy into the page cache is faster than a trip through the thread pool. */
const directBytes = 64 * 1024

export interface BodyOptions {
  /** Where the first byte goes. */
  start?: number
  /** Is shown everything on its way. */
  onBytes?: (bytes: Uint8Array) => void
}

/** Writes what arrives, one batch on its way while the next one comes in. Answers the number of bytes. */
export async function writeBody(
  fd: number,
  body: AsyncIterable<Uint8Array>,
  { start = 0, onBytes }: BodyOptions = {},
): Promise<number> {
  const source = body[Symbol.asyncIterator]()
  let batch: Uint8Array[] = []
  let batched = 0
  let written = 0
  let underWay: Promise<void> = Promise.resolve()
  try {
    for (let chunk = await nextOf(source); chunk; chunk = await nextOf(source)) {
      onBytes?.(chunk)
      batch.push(chunk)
      batched += chunk.length
      if (batched < batchBytes) continue
      await underWay
      underWay = writeFully(fd, batch, start + written)
      // Awaited before the next batch; until then nobody listens.
      underWay.catch(() => undefined)
      written += batched
      batch = []
      batched = 0
    }
  } finally {
    await underWay
  }
  await writeLast(fd, batch, start + written)
  return written + batched
}

async function nextOf(source: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await source.next()
    return done ? undefined : value
  } catch (error) {
    throw error instanceof Failure ? error : cancelled(error)
  }
}

async function writeLast(fd: number, chunks: Uint8Array[], position: number) {
  const [only] = chunks
  if (chunks.length === 1 && only && only.length <= directBytes) {
    if (writeSync(fd, only, 0, only.length, position) === only.length) return
  }
  if (chunks.length > 0) await writeFully(fd, chunks, position)
}

/** writev(2) may write less than it was given, when the disk fills. */
async function writeFully(fd: number, chunks: Uint8Array[], position: number): Promise<void> {
  let rest = chunks
  let at = position
  while (rest.length > 0) {
    const { bytesWritten } = await writeChunks(fd, rest, at)
    at += bytesWritten
    rest = dropBytes(rest, bytesWritten)
  }
}

function dropBytes(chunks: Uint8Array[], count: number): Uint8Array[] {
  let left = count
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(index + 1)]
    left -= chunk.length
  }
  return []
}
