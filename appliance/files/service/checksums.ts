import { read } from 'node:fs'
import { promisify } from 'node:util'
import { BoundedMap } from '../../lib/bounded-map.ts'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { closeDescriptor, FileStatus, readStatus, readXattr, setXattr } from '../../lib/posix.ts'
import {
  type ChecksumAlgorithm,
  type Checksums,
  formatChecksums,
  parseChecksums,
} from '../parse/checksums.ts'
import type { Entry } from '../schema.ts'
import { createDigests, type Digests } from './digests.ts'
import type { Entries } from './entries.ts'
import { isFolder, missing, saying, sayingAsync } from './failures.ts'
import { type Folder, openFolder } from './folders.ts'
import { checksumAttribute, fileEtag, identityOf } from './ids.ts'
import type { Spot } from './tree.ts'

const nameBuffer = Buffer.from(`${checksumAttribute}\0`)
const value = Buffer.alloc(1024)

/** What is known of the content that has this etag. `path`: of a file, or of an open descriptor below /proc. */
export function readChecksums(path: string, etag: string | undefined): Checksums {
  return parseChecksums(readChecksumText(path, etag) ?? '')
}

/** The same as it is kept: `SHA1:… MD5:…`. */
export function readChecksumText(path: string, etag: string | undefined): string | undefined {
  const size = readXattr(path, nameBuffer, value)
  if (size <= 0 || etag === undefined) return undefined
  const text = value.toString('latin1', 0, size)
  return text.startsWith(`${etag} `) ? text.slice(etag.length + 1) : undefined
}

export function writeChecksums(fd: number, etag: string | undefined, checksums: Checksums): void {
  const text = formatChecksums(checksums)
  if (etag !== undefined && text !== '') setXattr(fd, checksumAttribute, Buffer.from(`${etag} ${text}`))
}

/** To a copy of the same content, whose id or time is another. To be called when all of it is in place. */
export function carryChecksums(fromFd: number, toFd: number): void {
  const known = readChecksums(`/proc/self/fd/${fromFd}`, etagOf(fromFd))
  writeChecksums(toFd, etagOf(toFd), known)
}

const status = new FileStatus()

export function etagOf(fd: number): string {
  if (!readStatus(fd, '', status)) throw new Error('an open file is a file')
  return fileEtag(identityOf(fd), status)
}

const remembered = 16_384

/**
 * Of entries of one folder, by name, as `SHA1:… MD5:…`; what nothing is known of is left out. What was once known of an
 * etag stays true of it, so it is remembered without any look at the file.
 */
export function createChecksumListing() {
  const known = new BoundedMap<string, string>(remembered)

  function look(path: string, etag: string): string | undefined {
    const text = readChecksumText(path, etag)
    if (text !== undefined) known.set(etag, text)
    return text
  }

  return function checksumsIn(
    folder: Folder,
    entries: readonly Entry[],
    ownName: (shown: string) => string,
  ): Map<string, string> {
    const found = new Map<string, string>()
    for (const { kind, name, etag, ...entry } of entries) {
      if (kind !== 'file' || etag === undefined) continue
      const text =
        'checksums' in entry ? entry.checksums : (known.get(etag) ?? look(folder.at(ownName(name)), etag))
      if (text !== undefined) found.set(name, text)
    }
    return found
  }
}

/** Reads a file again and keeps what was found; what is known of other algorithms stays. */
export function createRecalculating(entries: Entries) {
  return async function recalculate(spot: Spot, algorithm: ChecksumAlgorithm): Promise<Checksums> {
    const name = spot.path.at(-1)
    if (name === undefined) throw isFolder()
    using folder = openFolder(spot.volume, spot.path.slice(0, -1))
    const seen = saying(() => entries.at(spot.volume, folder, name))
    if (!seen) throw missing()
    if (seen.kind === 'folder') throw isFolder()
    const fd = saying(() => folder.open(name))
    try {
      return await sayingAsync(() => calculate(spot, fd, algorithm))
    } finally {
      closeDescriptor(fd)
    }
  }
}

async function calculate({ volume }: Spot, fd: number, algorithm: ChecksumAlgorithm): Promise<Checksums> {
  const before = etagOf(fd)
  const digests = createDigests([algorithm])
  await digestRange(fd, { start: 0, end: Number.POSITIVE_INFINITY }, digests)
  const found = digests.finish()
  if (etagOf(fd) !== before) throw changedMeanwhile()
  const known = readChecksums(`/proc/self/fd/${fd}`, before)
  if (!volume.isReadOnly) keep(() => writeChecksums(fd, before, { ...known, ...found }))
  return found
}

/** What cannot be kept is told all the same. */
const cannotKeep = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTSUP', 'EOPNOTSUPP'])

function keep(act: () => void) {
  try {
    act()
  } catch (error) {
    if (!cannotKeep.has(errnoOf(error) ?? '')) throw error
  }
}

const readAt = promisify(read)
const pieceBytes = 1024 * 1024

/** Feeds what lies from `start` up to `end`, or to the end of the file. */
export async function digestRange(
  fd: number,
  { start, end }: { start: number; end: number },
  digests: Digests,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(end - start, 1)))
  let position = start
  while (position < end) {
    const wanted = Math.min(buffer.length, end - position)
    const { bytesRead } = await readAt(fd, buffer, 0, wanted, position)
    if (bytesRead === 0) return
    digests.update(buffer.subarray(0, bytesRead))
    position += bytesRead
  }
}

function changedMeanwhile(): Failure {
  return new Failure('conflict', 'files/changed-meanwhile', 'The file changed while it was read.')
}
