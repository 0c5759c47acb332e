import { readdir } from 'node:fs/promises'
import { errnoOf, Failure } from '../../lib/failure.ts'
import type { Storage } from '../../storage/index.ts'
import type { Catalog, Kind } from './catalog.ts'

export interface Subvolumes {
  /** Throws unless something can be made on this pool now. */
  requirePool(pool: string): void
  /** Makes it, or takes an empty one that an interrupted try has left; never somebody's files. */
  make(pool: string, kind: Kind, name: string): Promise<void>
  /** Deletes it with its snapshots; nothing where there is none. */
  remove(pool: string, kind: Kind, name: string): Promise<void>
}

export type SubvolumeStorage = Pick<Storage, 'mounted' | 'createSubvolume' | 'deleteSubvolume'>

export function createSubvolumes(deps: {
  storage: SubvolumeStorage
  catalog: Pick<Catalog, 'pathOf' | 'stateOf'>
}): Subvolumes {
  const { storage, catalog } = deps

  function requirePool(pool: string) {
    if (!storage.mounted(pool)) throw noPool(pool)
    const { isAvailable, isReadOnly } = catalog.stateOf(pool)
    if (!isAvailable || isReadOnly) throw poolAway(pool)
  }

  return {
    requirePool,
    async make(pool, kind, name) {
      requirePool(pool)
      const entries = await entriesOf(catalog.pathOf(pool, kind, name))
      if (entries === undefined) await storage.createSubvolume(pool, kind, name)
      else if (entries.some(entry => entry !== '.cairn')) throw folderThere(pool, name)
    },
    async remove(pool, kind, name) {
      requirePool(pool)
      await storage.deleteSubvolume(pool, kind, name)
    },
  }
}

/** undefined: there is no such folder. */
async function entriesOf(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function noPool(pool: string): Failure {
  const message = `There is no pool ${pool}.`
  return new Failure('invalid', 'shares/no-pool', message, { details: { fields: { pool: message } } })
}

function poolAway(pool: string): Failure {
  return new Failure('unavailable', 'shares/pool-away', `The pool ${pool} cannot be written at the moment.`)
}

function folderThere(pool: string, name: string): Failure {
  const message = `There are files under the name ${name} on the pool ${pool} already.`
  return new Failure('conflict', 'shares/folder-there', message, { details: { fields: { name: message } } })
}
