import { rmdirSync, unlinkSync } from 'node:fs'
import type { Log } from '../../../lib/log.ts'
import { FileStatus, openFlags, readStatus } from '../../../lib/posix.ts'
import { createBreather } from '../bursts.ts'
import type { Folder } from '../folders.ts'
import { readIdentity } from '../ids.ts'
import { readNames } from '../listing.ts'

const status = new FileStatus()

/**
 * Removes what is below a folder where it lies, and answers the ids that are gone. Only for a full disk, where Btrfs
 * refuses a rename, but takes what it needs for this out of its reserve.
 */
export async function eraseBelow(folder: Folder, log: Log, gone: number[] = []): Promise<number[]> {
  const breathe = createBreather()
  for (const name of readNames(folder, log)) {
    await breathe()
    if (!readStatus(folder.fd, name, status)) continue
    const { kind } = status
    const id = kind === 'other' ? undefined : readIdentity(folder.at(name))?.id
    if (kind === 'folder') {
      using inner = folder.folder(name, openFlags.readOnly)
      await eraseBelow(inner, log, gone)
      rmdirSync(folder.at(name))
    } else unlinkSync(folder.at(name))
    if (id !== undefined) gone.push(id)
  }
  return gone
}
