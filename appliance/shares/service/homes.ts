import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { Users } from '../../users/index.ts'
import type { Home } from '../schema.ts'
import type { Store } from '../store/index.ts'
import type { Catalog } from './catalog.ts'
import type { NfsService } from './nfs.ts'
import type { SmbSync } from './smb.ts'
import type { Subvolumes } from './subvolumes.ts'

export interface Homes {
  list(): Home[]
  /** Throws unless there is a home of an account of that name. */
  require(user: string): void
  /** Makes the account's home on `pool`, or on the first that can be written; without any it waits for one. */
  create(user: string, pool?: string): Promise<void>
  /** Homes for the accounts that have none yet; what fails is logged and tried again with the next change. */
  createMissing(): Promise<void>
  /** Its account was deleted: the home stays as an orphan, or goes. */
  leave(user: string, isDeleted: boolean): Promise<void>
  /** Deletes what a former account left. */
  removeOrphan(user: string, confirm: string): Promise<void>
  /** Accounts that should have a home by now and have none. */
  missing(): string[]
}

export interface HomesDeps {
  store: Store
  catalog: Catalog
  subvolumes: Subvolumes
  smb: SmbSync
  nfs: Pick<NfsService, 'apply'>
  users: Pick<Users, 'names'>
  writablePools(): Promise<string[]>
  changed(share: string | null): Promise<void>
  log: Log
}

export function createHomes(deps: HomesDeps): Homes {
  const { store, catalog, subvolumes, smb, nfs, users, writablePools, changed, log } = deps

  async function create(user: string, pool?: string) {
    const target = pool ?? (await writablePools())[0]
    if (target === undefined) return
    const row = await store.homes.claim(user, target)
    if (row.state === 'ready') return
    // An account may take up what a former one of its name has left, if it was made so (users, `takesHome`).
    if (row.state === 'making') await subvolumes.make(row.pool, 'homes', user)
    await store.homes.setState(user, 'ready')
    await changed(null)
  }

  function missing(): string[] {
    const ready = new Set(
      catalog.homes().flatMap(({ userName, state }) => (state === 'ready' ? userName : [])),
    )
    return users.names().filter(name => !ready.has(name))
  }

  async function createLogged(user: string) {
    try {
      await create(user)
    } catch (error) {
      log.warn('a home could not be created', { user, error })
    }
  }

  return {
    list: () =>
      catalog
        .homes()
        .map(({ userName, pool, state }) => ({ user: userName, pool, isOrphan: state === 'orphan' })),
    require(user) {
      const isThere = catalog.homes().some(({ userName, state }) => userName === user && state === 'ready')
      if (!isThere) throw noHome(user)
    },
    create,
    async createMissing() {
      const waiting = missing()
      for (const user of waiting) await createLogged(user)
      if (waiting.length > 0) await smb.apply()
    },
    async leave(user, isDeleted) {
      const row = catalog.homes().find(({ userName }) => userName === user)
      if (row) await store.homes.setState(user, 'orphan')
      await changed(null)
      await nfs.apply()
      if (row && !isDeleted) return
      if (row) await subvolumes.remove(row.pool, 'homes', user)
      await store.homes.remove(user)
      await changed(null)
    },
    async removeOrphan(user, confirm) {
      const row = catalog.homes().find(({ userName, state }) => userName === user && state === 'orphan')
      if (!row) throw noOrphan(user)
      requireConfirmed(user, confirm)
      await subvolumes.remove(row.pool, 'homes', user)
      await store.homes.remove(user)
      await changed(null)
    },
    missing,
  }
}

/** What cannot be undone asks for the name to be typed. */
export function requireConfirmed(name: string, confirm: string): void {
  if (confirm === name) return
  const message = `Type ${name} to confirm.`
  throw new Failure('invalid', 'shares/not-confirmed', message, { details: { fields: { confirm: message } } })
}

function noHome(user: string): Failure {
  return new Failure('missing', 'shares/no-home', `There is no home of ${user}.`)
}

function noOrphan(user: string): Failure {
  return new Failure('missing', 'shares/no-orphan', `There is no home left by a former account ${user}.`)
}
