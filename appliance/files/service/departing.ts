import { errnoOf, Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { closeDescriptor, renameAt, tryLockFile } from '../../lib/posix.ts'
import type { Entry, Volume } from '../schema.ts'
import type { Entries } from './entries.ts'
import { changedMeanwhile } from './failures.ts'
import type { Folder } from './folders.ts'
import { aboutDeleting, moveInto, wrapped } from './history/items.ts'
import { askBack } from './lent.ts'
import { syncFolder, syncMoved, whileFree } from './removing.ts'
import { stockOf } from './stock.ts'
import type { Sweeper } from './sweeping.ts'
import type { SyncQueue } from './sync-queue.ts'
import { isHidden, type Spot } from './tree.ts'
import { draftName, exclusively, openReserved } from './workspace.ts'

export interface DepartDeps {
  entries: Entries
  sync: SyncQueue
  sweeper: Sweeper
  /** Told after something came to the trash of that volume. */
  onTrashed(volume: Volume): void
  log: Log
}

/** What is moved to another volume, where it was. */
export interface Departing {
  spot: Spot
  /** What it lies in. */
  folder: Folder
  entry: Entry
  /** As it was copied. */
  stock: bigint
}

/** Removes what has been moved to another volume. Nothing is lost of what was written into it since it was copied. */
export function createDeparting({ entries, sync, sweeper, onTrashed, log }: DepartDeps) {
  /** A file is not moved while somebody writes into it. A folder may be: it takes too long to begin anew. */
  async function requireSame({ folder, entry, stock }: Departing) {
    await askBack(folder, entry.name)
    if (entry.kind === 'folder') return
    if ((await stockOf(folder, entry.name)) !== stock) throw changedMeanwhile()
    whileFree(folder, entry, () => undefined)
  }

  /** The copy is in place and durable. What is there now is swept if it is what was copied; else it goes to the trash. */
  async function remove(departing: Departing) {
    const { spot, folder } = departing
    const taken = takeOut(departing)
    if (!taken) return
    using _held = taken
    await syncFolder(folder, sync)
    // Nobody changes what lies in the trash.
    const isSame = isHidden([], spot.path[0] ?? '') || (await isAsCopied(departing, taken))
    if (!isSame || !letGo(departing, taken)) await intoTrash(departing, taken)
    sweeper.sweep(spot.volume)
  }

  /** Out of sight, and held there. Undefined where something else has its name by now. */
  function takeOut({ spot, folder, entry }: Departing): Taken | undefined {
    return exclusively(spot.volume, workspace => {
      const current = entries.at(spot.volume, folder, entry.name)
      if (!current || current.id !== entry.id) return undefined
      const fd = folder.open(entry.name)
      const name = draftName('new')
      try {
        // Else somebody of another account holds it, and so it is not swept either.
        tryLockFile(fd, 'shared')
        renameAt(folder.fd, entry.name, workspace.fd, name)
      } catch (error) {
        closeDescriptor(fd)
        throw error
      }
      return { name, [Symbol.dispose]: () => closeDescriptor(fd) }
    })
  }

  async function isAsCopied({ spot, stock }: Departing, { name }: Taken): Promise<boolean> {
    using workspace = openReserved(spot.volume, 'tmp')
    try {
      return (await stockOf(workspace, name)) === stock
    } catch (error) {
      if (errnoOf(error) === 'EACCES') return false
      throw error
    }
  }

  /** False where somebody has it open for writing. */
  function letGo({ spot, entry }: Departing, { name }: Taken): boolean {
    try {
      exclusively(spot.volume, workspace =>
        whileFree(workspace, { ...entry, name }, () =>
          renameAt(workspace.fd, name, workspace.fd, draftName('moved')),
        ),
      )
      return true
    } catch (error) {
      if (error instanceof Failure && error.code === 'files/open-elsewhere') return false
      throw error
    }
  }

  async function intoTrash({ spot, entry }: Departing, { name }: Taken) {
    log.info('what was moved had changed meanwhile, and is in the trash of where it was', {
      volume: spot.volume.name,
      path: spot.path.join('/'),
    })
    using trash = openReserved(spot.volume, 'trash')
    const { folder } = exclusively(spot.volume, workspace =>
      wrapped(trash, aboutDeleting(spot.path, spot.by), into => moveInto(into, workspace, name, entry.name)),
    )
    using wrapper = folder
    await syncMoved(wrapper, entry.name, sync)
    onTrashed(spot.volume)
  }

  return { requireSame, remove }
}

interface Taken extends Disposable {
  /** In the workspace. */
  name: string
}
