import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { renameAt } from '../../lib/posix.ts'
import type { Entry, Volume } from '../schema.ts'
import type { Entries } from './entries.ts'
import { changedWhileMoved, missing } from './failures.ts'
import type { Folder } from './folders.ts'
import { aboutDeleting, dropIfEmpty, moveInto, type Wrapper, wrapped } from './history/items.ts'
import { dropShelves } from './history/shelf.ts'
import { askBack } from './lent.ts'
import { syncFolder, takeAway, whileFree } from './removing.ts'
import { stockOf, stockOfFile } from './stock.ts'
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

/** `kept`: in the trash, since it is not what was copied. `stayed`: where it was, or something else is there by now. */
export type Departed = 'gone' | 'kept' | 'stayed'

/** Of what is ours in a volume only the trash is moved from. */
export const isInTrash = ({ path: [first = ''] }: Spot) => isHidden([], first)

/** Removes what has been moved to another volume. Nothing is lost of what was written into it since it was copied. */
export function createDeparting({ entries, sync, sweeper, onTrashed, log }: DepartDeps) {
  /** A file is not moved while somebody writes into it. A folder may be: it takes too long to begin anew. */
  async function requireSame({ spot, folder, entry, stock }: Departing) {
    await askBack(folder, entry.name)
    const current = entries.at(spot.volume, folder, entry.name)
    if (!current) throw missing()
    if (current.kind !== entry.kind || current.id !== entry.id) throw changedWhileMoved()
    whileFree(folder, entry, () => {
      if (entry.kind === 'file' && stockOfFile(folder, entry.name) !== stock) throw changedWhileMoved()
    })
  }

  /**
   * The copy is in place and durable, so whatever fails here is told to the log alone. `carried`: the ids of the files whose
   * versions went along.
   */
  async function remove(departing: Departing, carried: readonly number[]): Promise<Departed> {
    const { spot } = departing
    try {
      const departed = await (isInTrash(spot) ? removeInPlace(departing) : removeByTrash(departing))
      if (departed === 'stayed')
        log.info('what was moved had changed where it was, and stays there', told(departing))
      else dropShelves(spot.volume, carried)
      return departed
    } catch (error) {
      log.warn('what was moved is still where it was', { ...told(departing), error })
      return 'stayed'
    }
  }

  const told = ({ spot }: Departing) => ({ volume: spot.volume.name, path: spot.path.join('/') })

  /** Compared first, and removed then. In the trash nobody comes between. */
  async function removeInPlace(departing: Departing): Promise<Departed> {
    const { spot, folder, entry, stock } = departing
    if ((await stockOf(folder, entry.name)) !== stock) return 'stayed'
    const isTaken = exclusively(spot.volume, workspace => {
      if (!isThere(departing)) return false
      takeAway(folder, entry, workspace, 'moved')
      return true
    })
    if (!isTaken) return 'stayed'
    await syncFolder(folder, sync)
    sweeper.sweep(spot.volume)
    return 'gone'
  }

  /** First of all it goes to the trash, so that it is there whatever comes between, and from there only if it is what was copied. */
  async function removeByTrash(departing: Departing): Promise<Departed> {
    const { spot, folder, entry } = departing
    await askBack(folder, entry.name)
    const wrapper = putIntoTrash(departing)
    if (wrapper === 'no-room') return removeInPlace(departing)
    if (!wrapper) return 'stayed'
    using _open = wrapper.folder
    try {
      await syncFolder(folder, sync)
      if (await letGo(departing, wrapper)) return 'gone'
      log.info('what was moved had changed meanwhile and is in the trash of where it was', told(departing))
    } catch (error) {
      log.warn('what was moved is in the trash of where it was', { ...told(departing), error })
    }
    onTrashed(spot.volume)
    return 'kept'
  }

  /** `no-room`: the pool is full, for which it may be moved away. */
  function putIntoTrash(departing: Departing): Wrapper | 'no-room' | undefined {
    const { spot, folder, entry } = departing
    try {
      return exclusively(spot.volume, () => {
        if (!isThere(departing)) return undefined
        using trash = openReserved(spot.volume, 'trash')
        const about = aboutDeleting(spot.path, spot.by)
        return wrapped(trash, about, into => moveInto(into, folder, entry.name, entry.name))
      })
    } catch (error) {
      if (error instanceof Failure && error.kind === 'full') return 'no-room'
      throw error
    }
  }

  /** True where it is what was copied, and nobody can be writing into it. */
  async function letGo({ spot, entry, stock }: Departing, { item, folder }: Wrapper): Promise<boolean> {
    try {
      if (entry.kind === 'folder' && (await stockOf(folder, entry.name)) !== stock) return false
      const isLetGo = exclusively(spot.volume, workspace => {
        let isSame = true
        whileFree(folder, entry, () => {
          isSame = entry.kind === 'folder' || stockOfFile(folder, entry.name) === stock
          if (isSame) renameAt(folder.fd, entry.name, workspace.fd, draftName('moved'))
        })
        return isSame
      })
      if (!isLetGo) return false
    } catch (error) {
      if (error instanceof Failure && error.code === 'files/open-elsewhere') return false
      throw error
    }
    using trash = openReserved(spot.volume, 'trash')
    dropIfEmpty(trash, item)
    sweeper.sweep(spot.volume)
    return true
  }

  const isThere = ({ spot, folder, entry }: Departing) => {
    const current = entries.at(spot.volume, folder, entry.name)
    return current !== undefined && current.kind === entry.kind && current.id === entry.id
  }

  return { requireSame, remove }
}
