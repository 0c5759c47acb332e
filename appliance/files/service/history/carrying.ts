import { fstatSync, futimesSync } from 'node:fs'
import { closeDescriptor, getXattr, listXattrs, openFlags, setXattr } from '../../../lib/posix.ts'
import type { Volume } from '../../schema.ts'
import { carryChecksums } from '../checksums.ts'
import { cloneOrCopy } from '../copying.ts'
import { fileMode } from '../drafts.ts'
import type { Folder } from '../folders.ts'
import type { SyncQueue } from '../sync-queue.ts'
import { makeShelf, namesOn, openShelf } from './shelf.ts'
import { carryWriter } from './writers.ts'

/**
 * Versions go along with a file that moves to another volume. `made`: there were none of it there; `added`: there were;
 * undefined where it has none.
 */
export async function carryVersions(
  from: Volume,
  to: Volume,
  { id, sync }: { id: number; sync: SyncQueue },
): Promise<'made' | 'added' | undefined> {
  using shelf = openShelf(from, id)
  if (!shelf) return undefined
  using there = openShelf(to, id)
  using target = makeShelf(to, { id, size: 1 })
  if (!target) return undefined
  for (const name of namesOn(shelf)) await carry(shelf, target, name, sync)
  await sync.sync(target.fd)
  return there ? 'added' : 'made'
}

async function carry(shelf: Folder, target: Folder, name: string, sync: SyncQueue) {
  const fromFd = shelf.open(name)
  try {
    const flags = openFlags.readWrite | openFlags.create
    const toFd = target.open(name, flags, fileMode)
    try {
      await cloneOrCopy(fromFd, toFd)
      for (const attribute of listXattrs(fromFd).filter(one => one.startsWith('user.'))) {
        const value = getXattr(fromFd, attribute)
        if (value) setXattr(toFd, attribute, value)
      }
      const { atimeMs, mtimeMs } = fstatSync(fromFd)
      futimesSync(toFd, atimeMs / 1000, mtimeMs / 1000)
      carryChecksums(fromFd, toFd)
      carryWriter(fromFd, toFd)
      await sync.sync(toFd)
    } finally {
      closeDescriptor(toFd)
    }
  } finally {
    closeDescriptor(fromFd)
  }
}
