import { read as readCallback, readSync, statfsSync } from 'node:fs'
import { promisify } from 'node:util'
import { closeDescriptor } from '../../lib/posix.ts'
import type { Checksums } from '../parse/checksums.ts'
import type { Entry, Volume } from '../schema.ts'
import { readChecksums } from './checksums.ts'
import type { Entries } from './entries.ts'
import { isFolder, missing, saying, sayingAsync } from './failures.ts'
import { Folder, openFolder, openVolume } from './folders.ts'
import { describeVolume } from './listing.ts'
import type { Spot } from './tree.ts'

const readAt = promisify(readCallback)

/** An open file: its content cannot change under the reader into another file's. */
export interface OpenFile {
  entry: Entry
  /** Fills `into` from `position` on; the bytes read, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>
  /** For small pieces that are most likely in memory. */
  readNow(into: Uint8Array, position: number): number
  /** What is known of its content. */
  checksums(): Checksums
  close(): void
}

export function createReading(entries: Entries) {
  function stat({ volume, path }: Spot): Entry {
    const name = path.at(-1)
    if (name === undefined) return describeVolume(entries, volume, volume.kind === 'home' ? '' : volume.name)
    using folder = openFolder(volume, path.slice(0, -1))
    const entry = saying(() => entries.at(volume, folder, name))
    if (!entry) throw missing()
    return entry
  }

  function open({ volume, path }: Spot): OpenFile {
    const name = path.at(-1)
    if (name === undefined) throw isFolder()
    using folder = openFolder(volume, path.slice(0, -1))
    const seen = saying(() => entries.at(volume, folder, name))
    if (!seen) throw missing()
    if (seen.kind === 'folder') throw isFolder()
    return openEntry(volume, folder, name)
  }

  function openEntry(volume: Volume, folder: Folder, name: string): OpenFile {
    return openedAs(
      entries,
      volume,
      saying(() => folder.open(name)),
      name,
    )
  }

  return { stat, open }
}

/** Describes what was opened, not what had the name a moment before. The descriptor is closed with it. */
export function openedAs(entries: Entries, volume: Volume, fd: number, name: string): OpenFile {
  try {
    const entry = entries.at(volume, new Folder(fd), '')
    if (entry?.kind !== 'file') throw missing()
    return { entry: { ...entry, name }, ...accessTo(fd, entry.etag) }
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
}

function accessTo(fd: number, etag: string | undefined) {
  return {
    read: (into: Uint8Array, position: number) =>
      sayingAsync(async () => (await readAt(fd, into, 0, into.length, position)).bytesRead),
    readNow: (into: Uint8Array, position: number) =>
      saying(() => readSync(fd, into, 0, into.length, position)),
    checksums: () => readChecksums(`/proc/self/fd/${fd}`, etag),
    close: () => closeDescriptor(fd),
  }
}

export function quotaOf({ volume }: Spot): { usedBytes: number; availableBytes: number } {
  using top = openVolume(volume)
  const { blocks, bfree, bavail, bsize } = saying(() => statfsSync(top.path))
  return { usedBytes: (blocks - bfree) * bsize, availableBytes: bavail * bsize }
}
