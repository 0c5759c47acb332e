import { read, write } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf } from '../../../lib/failure.ts'
import { ioctl } from '../../../lib/posix.ts'

/** Bytes of an open file and where they belong. */
export interface Piece {
  fd: number
  from: number
  size: number
  to: number
}

/** Puts the pieces into `toFd`: their whole blocks shared where that can be, the rest copied. */
export async function joinPieces(pieces: readonly Piece[], toFd: number): Promise<void> {
  for (const piece of merged(pieces)) {
    const shared = shareBlocks(piece, toFd)
    await copyRange(
      { ...piece, from: piece.from + shared, to: piece.to + shared, size: piece.size - shared },
      toFd,
    )
  }
}

/** Neighbours that stay neighbours are one, whose inner ends need not lie between blocks. */
function merged(pieces: readonly Piece[]): Piece[] {
  const found: Piece[] = []
  for (const piece of pieces) {
    const last = found.at(-1)
    const isNext =
      last && last.fd === piece.fd && last.from + last.size === piece.from && last.to + last.size === piece.to
    if (isNext) last.size += piece.size
    else found.push({ ...piece })
  }
  return found
}

const blockBytes = 4096
/** ioctl_ficlonerange(2) */
const ficloneRange = 0x4020940d
const cannotShare = new Set(['EXDEV', 'EOPNOTSUPP', 'ENOTSUP', 'ENOTTY', 'EINVAL', 'ENOSYS'])

/** The number of bytes from the piece's start that are shared now. */
function shareBlocks({ fd, from, size, to }: Piece, toFd: number): number {
  const length = size - (size % blockBytes)
  if (length === 0 || from % blockBytes !== 0 || to % blockBytes !== 0) return 0
  const range = Buffer.alloc(32)
  range.writeBigInt64LE(BigInt(fd), 0)
  for (const [index, value] of [from, length, to].entries())
    range.writeBigUInt64LE(BigInt(value), 8 + index * 8)
  try {
    ioctl(toFd, ficloneRange, range)
    return length
  } catch (error) {
    if (!cannotShare.has(errnoOf(error) ?? '')) throw error
    return 0
  }
}

const readAt = promisify(read)
const writeAt = promisify(write)
const copyBytes = 1024 * 1024

async function copyRange({ fd, from, size, to }: Piece, toFd: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(copyBytes, size))
  let done = 0
  while (done < size) {
    const { bytesRead } = await readAt(fd, buffer, 0, Math.min(buffer.length, size - done), from + done)
    if (bytesRead === 0) throw new Error('a chunk is shorter than it was')
    let written = 0
    while (written < bytesRead)
      written += (await writeAt(toFd, buffer, written, bytesRead - written, to + done + written)).bytesWritten
    done += bytesRead
  }
}
