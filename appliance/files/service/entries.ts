import { FileStatus, readStatus } from '../../lib/posix.ts'
import type { Entry, Volume } from '../schema.ts'
import { saying } from './failures.ts'
import type { Folder } from './folders.ts'
import { assignIdentity, fileEtag, type Identity, readIdentity } from './ids.ts'
import { createKnownFiles, type Known } from './known-files.ts'
import type { LastSeen } from './last-seen.ts'
import { linkedId } from './linked-ids.ts'

/** What is known of the folder with this inode and all that lies below it. */
export interface FolderFacts {
  folder(volume: Volume, inode: number): { etag: string; size: number }
  /** Gives what has no id yet the one that it shall have, where that is known. */
  identify?(volume: Volume, folder: Folder, name: string): void
}

export interface Entries {
  /** What is at `name` in the open folder, or undefined: nothing, a link, a device. */
  at(volume: Volume, folder: Folder, name: string): Entry | undefined
  /** The open folder itself. */
  self(volume: Volume, folder: Folder, name: string): Entry
  lastSeen: LastSeen | undefined
  /** Whether there is anything at all, served or not. */
  isTaken(folder: Folder, name: string): boolean
}

/** Turns inodes into entries; gives an id to what has none yet. */
export function createEntries(folderFacts?: FolderFacts, lastSeen?: LastSeen): Entries {
  const known = createKnownFiles()
  const status = new FileStatus()

  function at(volume: Volume, folder: Folder, name: string): Entry | undefined {
    return saying(() => readStatus(folder.fd, name, status)) ? describe(volume, folder, name) : undefined
  }

  function describe(volume: Volume, folder: Folder, name: string): Entry | undefined {
    const kind = status.kind
    if (kind === 'other') return undefined
    // Of several names of a file each has an id of its own.
    const { id, etag } =
      (status.links > 1 && kind === 'file' ? undefined : known.get(status)) ?? look(volume, folder, name)
    const inside = kind === 'folder' ? folderFacts?.folder(volume, status.inode) : undefined
    return {
      name,
      kind,
      id,
      etag: kind === 'file' ? etag : inside?.etag,
      size: kind === 'file' ? status.sizeBytes : (inside?.size ?? 0),
      modifiedAtMs: status.modifiedAtMs,
      createdAtMs: status.bornSeconds === 0 ? undefined : status.bornSeconds * 1000,
      right: volume.isReadOnly ? 'read' : volume.right,
      isVolumeRoot: false,
      isAvailable: true,
      volume: volume.kind,
    }
  }

  function look(volume: Volume, folder: Folder, name: string): Known {
    const carried = readIdentity(name === '' ? folder.path : folder.at(name)) ?? give(volume, folder, name)
    if (status.kind !== 'file') return known.remember(status, { id: carried?.id, etag: undefined })
    const linked = carried && name !== '' ? linkedId(folder, name) : undefined
    const identity = carried && { ...carried, id: linked ?? carried.id }
    const found = { id: identity?.id, etag: fileEtag(identity, status) }
    return status.links > 1 ? found : known.remember(status, found)
  }

  function give(volume: Volume, folder: Folder, name: string): Identity | undefined {
    if (volume.isReadOnly) return undefined
    if (name === '' || !folderFacts?.identify) return assignIdentity(folder, name)
    folderFacts.identify(volume, folder, name)
    const identity = readIdentity(folder.at(name)) ?? assignIdentity(folder, name)
    // Its times are others now.
    readStatus(folder.fd, name, status)
    return identity
  }

  return {
    at,
    lastSeen,
    self(volume, folder, name) {
      const entry = at(volume, folder, '')
      if (!entry) throw new Error('an open folder is a folder')
      return { ...entry, name }
    },
    isTaken: (folder, name) => saying(() => readStatus(folder.fd, name, status)),
  }
}
