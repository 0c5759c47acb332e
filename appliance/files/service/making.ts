import { chmodSync, mkdirSync } from 'node:fs'
import { errnoOf, Failure } from '../../lib/failure.ts'
import type { ChangeOptions, Entry } from '../schema.ts'
import { folderMode } from './drafts.ts'
import type { Entries } from './entries.ts'
import { saying } from './failures.ts'
import { openParent } from './folders.ts'
import { syncFolder } from './removing.ts'
import type { SyncQueue } from './sync-queue.ts'
import { requireWritable, type Spot, splitSpot } from './tree.ts'

export function createFolderMaking({ entries, sync }: { entries: Entries; sync: SyncQueue }) {
  return async function makeFolder(spot: Spot, options: ChangeOptions = {}): Promise<Entry> {
    if (spot.path.length === 0) throw nameTaken()
    requireWritable(spot)
    const { volume, parent, name } = splitSpot(spot)
    using folder = openParent(volume, parent)
    await options.beforeCommit?.()
    options.precondition?.(entries.at(volume, folder, name))
    saying(() => make(folder.at(name)))
    using made = saying(() => folder.folder(name))
    const entry = saying(() => entries.self(volume, made, name))
    // On Btrfs this brings the name of a new folder along.
    await syncFolder(made, sync)
    return entry
  }
}

function make(path: string) {
  try {
    mkdirSync(path)
    chmodSync(path, folderMode)
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? nameTaken() : error
  }
}

function nameTaken() {
  return new Failure('conflict', 'files/name-taken', 'There is a file or folder of that name already.')
}
