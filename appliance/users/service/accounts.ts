import type { Clock } from '../../lib/clock.ts'
import { checkInput } from '../../lib/operation.ts'
import { type NewUser, newUser, type User, type UserChange } from '../schema.ts'
import { type Account, noAccount } from '../store/accounts.ts'
import type { UserStore } from '../store/index.ts'
import type { Directory } from './directory.ts'
import type { News } from './news.ts'
import type { Passwords } from './passwords.ts'

export interface CreateOptions {
  /** Where the home goes, when it is not the first one. */
  pool?: string | undefined
  /** It is given what a former account of this name has left. */
  takesHome?: boolean
}

export interface Accounts {
  get(name: string): Promise<User | undefined>
  list(): Promise<User[]>
  create(account: NewUser, options?: CreateOptions): Promise<User>
  update(name: string, change: UserChange): Promise<User>
  /** Ends every session of the account but `keptSession`; app passwords stay. */
  setPassword(name: string, password: string, options?: { keptSession?: string | undefined }): Promise<void>
  /** The home stays, as that of a former account, unless it is to be deleted. */
  remove(name: string, options?: { isHomeDeleted?: boolean }): Promise<void>
}

export function createAccounts(deps: {
  store: UserStore
  directory: Directory
  passwords: Passwords
  news: News
  clock: Clock
}): Accounts {
  const { store, directory, passwords, news, clock } = deps
  const find = (name: string): User | undefined => {
    const account = directory.account(name)
    return account && asUser(account, directory)
  }
  const require = (name: string): User => {
    const found = find(name)
    if (!found) throw noAccount(name)
    return found
  }
  return {
    get: async name => find(name),
    list: async () => directory.accounts().map(account => asUser(account, directory)),
    async create(input, { pool, takesHome = false } = {}) {
      const { name, password, role, displayName = name } = checkInput(newUser, input, 'users/invalid')
      await news.creating({ pool })
      const hashes = await passwords.hash(password)
      const createdAt = clock.now()
      await store.accounts.insert({ name, displayName, role, ...hashes, createdAt }, { takesHome })
      await directory.refresh()
      await news.created(name, { pool })
      await news.usersChanged(name)
      return require(name)
    },
    async update(name, change) {
      await store.accounts.update(name, change)
      await news.usersChanged(name)
      return require(name)
    },
    async setPassword(name, password, { keptSession } = {}) {
      await store.accounts.setPassword(name, await passwords.hash(password), keptSession)
      await news.passwordChanged(name)
    },
    async remove(name, { isHomeDeleted = false } = {}) {
      await store.accounts.remove(name)
      await directory.refresh()
      await news.usersChanged(name)
      await news.removed(name, { isHomeDeleted })
    },
  }
}

function asUser({ name, displayName, role, createdAt }: Account, directory: Directory): User {
  const groups = [...directory.groupsOf(name)]
  return { name, displayName, role, groups, createdAt: new Date(createdAt).toISOString() }
}
