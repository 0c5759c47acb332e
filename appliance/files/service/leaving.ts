import { errnoOf } from '../../lib/failure.ts'
import {
  closeDescriptor,
  FileStatus,
  readStatus,
  readXattr,
  removeXattr,
  setXattr,
  tryLockFile,
} from '../../lib/posix.ts'
import type { Folder } from './folders.ts'
import { whileWritable } from './ids.ts'

/** docs/on-disk-format.md, "Ids": u64 LE, the inode of what is being moved to another volume. */
export const leavingAttribute = 'user.cairn.leaving'

const nameBuffer = Buffer.from(`${leavingAttribute}\0`)
const value = Buffer.alloc(8)
const status = new FileStatus()

/**
 * Marks a file or folder whose copy is about to take its place in another volume, ids and all: for a moment there are two
 * of it. The mark counts only while it is held, by a lock that ends with the process.
 */
export function holdLeaving(folder: Folder, name: string): Disposable {
  const fd = folder.open(name)
  const isMarked = mark(fd)
  return {
    [Symbol.dispose]() {
      try {
        if (isMarked) whileWritable(fd, () => removeXattr(fd, leavingAttribute))
      } finally {
        closeDescriptor(fd)
      }
    },
  }
}

/** False where that cannot be: another account's file, or a full disk. */
function mark(fd: number): boolean {
  if (!tryLockFile(fd, 'shared') || !readStatus(fd, '', status)) return false
  const inode = Buffer.alloc(8)
  inode.writeBigUInt64LE(BigInt(status.inode))
  try {
    whileWritable(fd, () => setXattr(fd, leavingAttribute, inode))
    return true
  } catch (error) {
    if (cannotMark.has(errnoOf(error) ?? '')) return false
    throw error
  }
}

const cannotMark = new Set(['EACCES', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSPC', 'EDQUOT'])

/** Whether it is marked, and not merely a copy of what was, or left over from a crash. */
export function isLeaving(folder: Folder, name: string, inode: number): boolean {
  if (readXattr(folder.at(name), nameBuffer, value) !== value.length) return false
  if (value.readBigUInt64LE() !== BigInt(inode)) return false
  try {
    const fd = folder.open(name)
    try {
      return !tryLockFile(fd, 'exclusive')
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    if (isGone.has(errnoOf(error) ?? '')) return false
    throw error
  }
}

const isGone = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'])
