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

/** docs/on-disk-format.md, "Ids": u64 LE, the number of the inode that came from another volume. */
export const arrivingAttribute = 'user.cairn.arriving'

const nameBuffer = Buffer.from(`${arrivingAttribute}\0`)
const value = Buffer.alloc(8)
const status = new FileStatus()

/**
 * Marks a copy that is to take the place of what it was made of, in another volume and with all its ids: for a moment there
 * are two of them. The mark counts only while it is held, by a lock that ends with the process.
 */
export function holdArriving(folder: Folder, name: string): Disposable {
  const fd = folder.open(name)
  try {
    if (!readStatus(fd, '', status)) throw new Error('an open file is a file')
    const inode = Buffer.alloc(8)
    inode.writeBigUInt64LE(BigInt(status.inode))
    setXattr(fd, arrivingAttribute, inode)
    lockFile(fd, 'shared')
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  return { [Symbol.dispose]: () => closeDescriptor(fd) }
}

/** Whether it is marked, and is neither a copy of what was nor long there. */
export function isArriving(folder: Folder, name: string): boolean {
  if (readXattr(folder.at(name), nameBuffer, value) !== value.length) return false
  const marked = value.readBigUInt64LE()
  try {
    if (!readStatus(folder.fd, name, status) || BigInt(status.inode) !== marked) return false
    const fd = folder.open(name)
    try {
      return !tryLockFile(fd, 'exclusive')
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    if (isAway.has(errnoOf(error) ?? '')) return false
    throw error
  }
}

const isAway = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO'])
