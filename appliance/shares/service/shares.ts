import type { Clock } from '../../lib/clock.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { checkInput } from '../../lib/operation.ts'
import { type Grants, grants as grantsSchema, type NewShare, newShare, type Right } from '../schema.ts'
import type { Store } from '../store/index.ts'
import type { ShareRecord } from '../store/shares.ts'
import type { Catalog } from './catalog.ts'
import { requireConfirmed } from './homes.ts'
import type { NfsService } from './nfs.ts'
import type { SmbSync } from './smb.ts'
import type { Subvolumes } from './subvolumes.ts'

export interface ShareService {
  list(): Promise<ShareRecord[]>
  get(name: string): ShareRecord
  create(share: NewShare): Promise<ShareRecord>
  setEveryone(name: string, everyone: Right): Promise<ShareRecord>
  setGrants(name: string, grants: Grants): Promise<ShareRecord>
  /** Deletes the share with everything in it. */
  remove(name: string, confirm: string): Promise<void>
  /** Ends what a crash has interrupted. */
  finishInterrupted(): Promise<void>
}

export interface ShareServiceDeps {
  store: Store
  catalog: Catalog
  subvolumes: Subvolumes
  smb: SmbSync
  nfs: Pick<NfsService, 'apply'>
  changed(share: string | null): Promise<void>
  clock: Clock
  log: Log
}

/** A share that another process is making is not taken for an interrupted one. */
const madeWithinMs = 10 * 60_000

export function createShareService(deps: ShareServiceDeps): ShareService {
  const { store, catalog, subvolumes, smb, nfs, changed, clock, log } = deps

  function get(name: string): ShareRecord {
    const found = catalog.share(name)
    if (!found) throw noShare(name)
    return found
  }

  async function applied(name: string): Promise<ShareRecord> {
    await changed(name)
    await smb.apply()
    return get(name)
  }

  async function finish({ name, pool, state, createdAt }: ShareRecord) {
    if (state === 'making' && clock.now() - createdAt < madeWithinMs) return
    // What a share in the making has left is empty or was not ours: it stays.
    if (state === 'going') await subvolumes.remove(pool, 'shares', name)
    await store.shares.remove(name)
  }

  return {
    get,
    list: async () => catalog.shares(),
    async create(input) {
      const { name, pool, everyone } = checkInput(newShare, input, 'shares/invalid')
      subvolumes.requirePool(pool)
      await store.shares.insert({ name, pool, everyone, createdAt: clock.now() })
      try {
        await subvolumes.make(pool, 'shares', name)
      } catch (error) {
        await store.shares.remove(name)
        throw error
      }
      await store.shares.setState(name, 'ready')
      return applied(name)
    },
    async setEveryone(name, everyone) {
      get(name)
      await store.shares.setEveryone(name, everyone)
      return applied(name)
    },
    async setGrants(name, input) {
      get(name)
      await store.shares.setGrants(name, checkInput(grantsSchema, input, 'shares/invalid'))
      return applied(name)
    },
    async remove(name, confirm) {
      const { pool } = get(name)
      requireConfirmed(name, confirm)
      subvolumes.requirePool(pool)
      await store.shares.setState(name, 'going')
      await changed(name)
      await smb.apply()
      await nfs.apply()
      await subvolumes.remove(pool, 'shares', name)
      await store.shares.remove(name)
    },
    async finishInterrupted() {
      for (const share of await store.shares.list()) {
        if (share.state === 'ready' || !catalog.stateOf(share.pool).isAvailable) continue
        await finish(share).catch(error =>
          log.warn('a share could not be tidied up', { share: share.name, error }),
        )
      }
    },
  }
}

export function noShare(name: string): Failure {
  return new Failure('missing', 'shares/missing', `There is no share ${name}.`)
}
