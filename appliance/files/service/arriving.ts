import { errnoOf } from '../../lib/failure.ts'
import {
  closeDescriptor,
  FileStatus,
  lockFile,
  readStatus,
  readXattr,
  setXattr,
  tryLockFile,
} from '../../lib/posix.ts'
import type { Folder } from './folders.ts'

/** docs/on-disk-format.md, "Ids": u64 LE each, the numbers of its own inode and of the one that it was copied from. */
export const arrivingAttribute = 'user.cairn.arriving'

const nameBuffer = Buffer.from(`${arrivingAttribute}\0`)
const value = Buffer.alloc(16)
const status = new FileStatus()

/**
 * Marks a copy that is to take the place of what it was made of, in another volume and with all its ids: for a moment there
 * are two of them. The mark counts only while it is held, by a lock that ends with the process.
 */
export function holdArriving(folder: Folder, name: string, sourceInode: number): Disposable {
  const fd = folder.open(name)
  try {
    if (!readStatus(fd, '', status)) throw new Error('an open file is a file')
    const mark = Buffer.alloc(value.length)
    mark.writeBigUInt64LE(BigInt(status.inode))
    mark.writeBigUInt64LE(BigInt(sourceInode), 8)
    setXattr(fd, arrivingAttribute, mark)
    lockFile(fd, 'exclusive')
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  let isHeld = true
  return {
    [Symbol.dispose]() {
      if (isHeld) closeDescriptor(fd)
      isHeld = false
    },
  }
}

/** The inode that it was copied from; undefined where it is not marked, is a copy of what was, or is not held any more. */
export function sourceOfArriving(folder: Folder, name: string): number | undefined {
  if (readXattr(folder.at(name), nameBuffer, value) !== value.length) return undefined
  const [marked, source] = [value.readBigUInt64LE(), Number(value.readBigUInt64LE(8))]
  try {
    if (!readStatus(folder.fd, name, status) || BigInt(status.inode) !== marked) return undefined
    const fd = folder.open(name)
    try {
      return tryLockFile(fd, 'shared') ? undefined : source
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    if (isAway.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

const isAway = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO'])
