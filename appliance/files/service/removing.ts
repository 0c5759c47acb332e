import { closeDescriptor, openFlags, renameAt } from '../../lib/posix.ts'
import type { ChangeOptions, Entry } from '../schema.ts'
import type { Entries } from './entries.ts'
import { missing, sayingAsync } from './failures.ts'
import { type Folder, openFolder } from './folders.ts'
import type { Sweeper } from './sweeping.ts'
import type { SyncQueue } from './sync-queue.ts'
import { requireWritable, type Spot, splitSpot } from './tree.ts'
import { draftName, exclusively } from './workspace.ts'
import { openFile, unlessOpenForWriting } from './writing.ts'

export interface RemoveDeps {
  entries: Entries
  sync: SyncQueue
  sweeper: Sweeper
}

/** One rename out of sight, however much lies below; the rest happens in the background. */
export function createRemoving({ entries, sync, sweeper }: RemoveDeps) {
  return async function remove(spot: Spot, options: ChangeOptions = {}): Promise<void> {
    requireWritable(spot)
    const { volume, parent, name } = splitSpot(spot)
    using folder = openFolder(volume, parent)
    await options.beforeCommit?.()
    exclusively(volume, workspace => {
      const current = entries.at(volume, folder, name)
      if (!current) throw missing()
      options.precondition?.(current)
      takeAway(folder, current, workspace)
    })
    await syncFolder(folder, sync)
    sweeper.sweep(volume)
  }
}

/** Moves what is at the entry's name into the workspace, from where it is swept. */
export function takeAway(
  folder: Folder,
  entry: Entry,
  workspace: Folder,
  kind: 'gone' | 'moved' = 'gone',
): void {
  const act = () => renameAt(folder.fd, entry.name, workspace.fd, draftName(kind))
  whileFree(folder, entry, act)
}

/** A folder may always be renamed; a file, while nobody writes into it on the network drive. */
export function whileFree(folder: Folder, entry: Entry, act: () => void): void {
  if (entry.kind === 'folder') {
    act()
    return
  }
  using file = openFile(folder, entry.name)
  unlessOpenForWriting(file.fd, act)
}

/** Makes the names in an open folder durable. */
export function syncFolder(folder: Folder, sync: SyncQueue): Promise<void> {
  return sayingAsync(async () => {
    const fd = folder.open('.', openFlags.readOnly | openFlags.directory)
    try {
      await sync.sync(fd)
    } finally {
      closeDescriptor(fd)
    }
  })
}
