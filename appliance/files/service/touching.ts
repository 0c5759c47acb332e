import { futimesSync } from 'node:fs'
import { closeDescriptor } from '../../lib/posix.ts'
import type { Entry } from '../schema.ts'
import { etagOf, readChecksums, writeChecksums } from './checksums.ts'
import type { Entries } from './entries.ts'
import { missing, saying, sayingAsync } from './failures.ts'
import { openFolder } from './folders.ts'
import { readWriter, writeWriter } from './history/writers.ts'
import type { SyncQueue } from './sync-queue.ts'
import { requireWritable, type Spot, splitSpot } from './tree.ts'

/** Sets the modification time of a file or folder. */
export function createTouching({ entries, sync }: { entries: Entries; sync: SyncQueue }) {
  return async function touch(spot: Spot, modifiedAtMs: number): Promise<Entry> {
    requireWritable(spot)
    const { volume, parent, name } = splitSpot(spot)
    using folder = openFolder(volume, parent)
    if (!saying(() => entries.at(volume, folder, name))) throw missing()
    const fd = saying(() => folder.open(name))
    try {
      saying(() => setTime(fd, modifiedAtMs))
      await sayingAsync(() => sync.sync(fd))
    } finally {
      closeDescriptor(fd)
    }
    const entry = saying(() => entries.at(volume, folder, name))
    if (!entry) throw missing()
    return entry
  }
}

/** The content stays the same, so what is known of it does too. */
function setTime(fd: number, modifiedAtMs: number) {
  const before = etagOf(fd)
  const known = readChecksums(`/proc/self/fd/${fd}`, before)
  const writer = readWriter(`/proc/self/fd/${fd}`, before)
  futimesSync(fd, modifiedAtMs / 1000, modifiedAtMs / 1000)
  const after = etagOf(fd)
  writeChecksums(fd, after, known)
  writeWriter(fd, after, writer)
}
