import { readdirSync } from 'node:fs'
import { closeDescriptor, FileStatus, openFlags, readStatus, renameAt } from '../../../lib/posix.ts'
import {
  arrivingName,
  contentName,
  keptName,
  offsetBehind,
  overlaps,
  parseTransferFile,
  placedName,
} from '../../plan/uploads.ts'
import { fileMode, writeBody } from '../drafts.ts'
import { randomId } from '../ids.ts'
import type { SyncQueue } from '../sync-queue.ts'
import { exclusivelyIn } from '../workspace.ts'
import { wrongSize } from '../writing.ts'
import type { Progress } from './progress.ts'
import {
  announcedTotal,
  dropChunk,
  holdFile,
  readTransfer,
  type Transfer,
  unlinkIfThere,
} from './transfer.ts'

export interface ChunkOptions {
  /** Where the client says that it belongs. */
  offset?: number
  /** What the sender announced; only then can it be given its place at once. */
  size?: number
}

/** Where a chunk goes: its range of the content, held until it is there, or a file of its own. */
interface Berth extends Disposable {
  fd: number
  /** Undefined: a file of its own. */
  offset: number | undefined
  token: string
  /** The file that is held meanwhile. */
  file: string
}

export function createReceiving({ sync, progress }: { sync: SyncQueue; progress: Progress }) {
  return async function receive(
    transfer: Transfer,
    name: string,
    body: AsyncIterable<Uint8Array>,
    options: ChunkOptions,
  ): Promise<void> {
    const { folder } = transfer
    using berth = exclusivelyIn(folder, () => findBerth(transfer, name, options))
    const start = berth.offset ?? 0
    const digests = berth.offset === undefined ? undefined : progress.begin(transfer, start)
    const size = await writeBody(berth.fd, body, { start, ...(digests ? { onBytes: digests.update } : {}) })
    if (options.size !== undefined && size !== options.size) throw wrongSize(size, options.size)
    await sync.sync(berth.fd)
    const file = exclusivelyIn(folder, () => settle(transfer, { name, size, berth }))
    if (digests) progress.advance(transfer, { start, size, file, digests })
    const fd = folder.open(file)
    try {
      await sync.sync(fd)
    } finally {
      closeDescriptor(fd)
    }
  }
}

function findBerth({ folder }: Transfer, name: string, options: ChunkOptions): Berth {
  const token = randomId().toString(36)
  const range = rangeFor(folder, name, options)
  if (!range) return ownFile(folder, token)
  dropPlaced(folder, name)
  const file = placedName('busy', { name, ...range }, token)
  const mark = holdFile(folder, file)
  const fd = openContent(folder)
  return {
    fd,
    offset: range.offset,
    token,
    file,
    [Symbol.dispose]() {
      unlinkIfThere(folder, file)
      closeDescriptor(mark)
      closeDescriptor(fd)
    },
  }
}

function ownFile(folder: Transfer['folder'], token: string): Berth {
  const file = arrivingName(token)
  const fd = holdFile(folder, file)
  return {
    fd,
    offset: undefined,
    token,
    file,
    [Symbol.dispose]() {
      unlinkIfThere(folder, file)
      closeDescriptor(fd)
    },
  }
}

/** Its place in the content, if that is known and nothing else lies or is being written there. */
function rangeFor(folder: Transfer['folder'], name: string, { offset: given, size }: ChunkOptions) {
  const { chunks, claims, isFinishing } = readTransfer(folder)
  if (size === undefined || isFinishing) return undefined
  const others = [
    ...chunks.filter(chunk => chunk.name !== name),
    ...claims.filter(claim => claim.name !== name),
  ]
  const offset = given ?? offsetBehind(name, others)
  if (offset === undefined || offset + size > (announcedTotal(folder) ?? largestBytes)) return undefined
  const range = { offset, size }
  const taken = [
    ...others.flatMap(one => (one.offset === undefined ? [] : [{ ...one, offset: one.offset }])),
    ...claims,
  ]
  return taken.some(one => overlaps(one, range)) ? undefined : range
}

/** Nobody's file, but some way below what Btrfs can hold. */
const largestBytes = 2 ** 50

/** What it was before is overwritten from here on. */
function dropPlaced(folder: Transfer['folder'], name: string) {
  for (const chunk of readTransfer(folder).chunks)
    if (chunk.name === name && chunk.offset !== undefined) unlinkIfThere(folder, chunk.file)
}

const status = new FileStatus()

function openContent(folder: Transfer['folder']): number {
  if (!readStatus(folder.fd, contentName, status)) dropStaleParts(folder)
  return folder.open(contentName, openFlags.readWrite | openFlags.create, fileMode)
}

/** What they stood for went with an earlier content. */
function dropStaleParts(folder: Transfer['folder']) {
  for (const file of readdirSync(folder.path))
    if (parseTransferFile(file).kind === 'part') unlinkIfThere(folder, file)
}

/** From here on the chunk is there: what was sent under its name before is not. */
function settle({ folder }: Transfer, { name, size, berth }: { name: string; size: number; berth: Berth }) {
  const file =
    berth.offset === undefined
      ? keptName(name)
      : placedName('part', { name, size, offset: berth.offset }, berth.token)
  dropChunk(folder, name)
  renameAt(folder.fd, berth.file, folder.fd, file)
  return file
}
