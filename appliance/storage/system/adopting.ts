import { chmodSync, chownSync } from 'node:fs'
import { errnoOf } from '../../lib/failure.ts'
import {
  closeDescriptor,
  FileStatus,
  openBeneath,
  openFlags,
  openFolder,
  readStatus,
} from '../../lib/posix.ts'

const status = new FileStatus()
const mayReadAndWrite = 0o600
const mayEnter = 0o700

/**
 * Gives files and folders of one share or home to the service account, who may then read and write them. Nothing else
 * than plain files and folders, and never by way of a link; what has gone meanwhile is passed over.
 */
export function adoptFiles(top: string, paths: readonly (readonly string[])[], owner: number): void {
  const topFd = openFolder(top, openFlags.path | openFlags.noFollow)
  try {
    for (const path of paths) adoptOne(topFd, path.join('/'), owner)
  } finally {
    closeDescriptor(topFd)
  }
}

function adoptOne(topFd: number, path: string, owner: number) {
  const fd = openIfThere(topFd, path)
  if (fd === undefined) return
  try {
    readStatus(fd, '', status)
    if (status.kind === 'other') return
    const wanted = status.mode | (status.kind === 'folder' ? mayEnter : mayReadAndWrite)
    // By the descriptor: whatever has the name by now, this is what was looked at.
    const place = `/proc/self/fd/${fd}`
    if (status.uid !== owner) chownSync(place, owner, owner)
    if (wanted !== status.mode) chmodSync(place, wanted & 0o7777)
  } catch (error) {
    // Somebody has made it immutable (chattr(1)): it stays theirs, and holds up nothing else.
    if (errnoOf(error) !== 'EPERM') throw error
  } finally {
    closeDescriptor(fd)
  }
}

const isElsewhere = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV', 'ENAMETOOLONG'])

function openIfThere(topFd: number, path: string): number | undefined {
  try {
    return openBeneath(topFd, path, openFlags.path)
  } catch (error) {
    if (isElsewhere.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}
