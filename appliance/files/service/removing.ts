import { closeDescriptor, renameAt } from '../../lib/posix.ts'
import type { Entry, RemoveOptions, Volume } from '../schema.ts'
import type { Entries } from './entries.ts'
import { missing, sayingAsync } from './failures.ts'
import { type Folder, openFolder } from './folders.ts'
import { aboutDeleting, moveInto, wrapped } from './history/items.ts'
import { askBack } from './lent.ts'
import type { Sweeper } from './sweeping.ts'
import type { SyncQueue } from './sync-queue.ts'
import { requireWritable, type Spot, splitSpot } from './tree.ts'
import { draftName, exclusively, openReserved } from './workspace.ts'
import { openFile, unlessOpenForWriting } from './writing.ts'

export interface RemoveDeps {
  entries: Entries
  sync: SyncQueue
  sweeper: Sweeper
  /** Told after something came to the trash of that volume. */
  onTrashed(volume: Volume): void
}

/** One rename into the trash, or out of sight, however much lies below. */
export function createRemoving({ entries, sync, sweeper, onTrashed }: RemoveDeps) {
  return async function remove(spot: Spot, options: RemoveOptions = {}): Promise<void> {
    requireWritable(spot)
    const { volume, parent, name } = splitSpot(spot)
    using folder = openFolder(volume, parent)
    await options.beforeCommit?.()
    await askBack(folder, name)
    const inTurn = <T>(act: (current: Entry, workspace: Folder) => T) =>
      exclusively(volume, workspace => {
        const current = entries.at(volume, folder, name)
        if (!current) throw missing()
        options.precondition?.(current)
        return act(current, workspace)
      })
    if (options.isForGood) {
      inTurn((current, workspace) => takeAway(folder, current, workspace))
      await syncFolder(folder, sync)
      sweeper.sweep(volume)
      return
    }
    const intoTrash = (current: Entry) => {
      // Opened in turn: emptying puts another folder in its place.
      using trash = openReserved(volume, 'trash')
      return wrapped(trash, aboutDeleting(spot.path, spot.by), into =>
        whileFree(folder, current, () => moveInto(into, folder, name, name)),
      ).folder
    }
    using wrapper = inTurn(intoTrash)
    await syncMoved(wrapper, name, sync)
    onTrashed(volume)
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

/** Makes the new name of something that was moved durable, and that of the folder that was made for it. */
export async function syncMoved(folder: Folder, name: string, sync: SyncQueue): Promise<void> {
  await sayingAsync(async () => {
    const fd = folder.open(name)
    try {
      await sync.sync(fd)
    } finally {
      closeDescriptor(fd)
    }
  })
}

/** Makes the names in an open folder durable. */
export function syncFolder(folder: Folder, sync: SyncQueue): Promise<void> {
  return syncMoved(folder, '.', sync)
}
