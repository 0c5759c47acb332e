import { createSecretKey, randomBytes } from 'node:crypto'
import type { Actor } from '../http/route.ts'
import type { Clock } from '../lib/clock.ts'
import type { Database } from '../lib/database.ts'
import type { Domain } from '../lib/domain.ts'
import type { Events } from '../lib/events.ts'
import type { Log } from '../lib/log.ts'
import { requireMoreThanAppPassword } from './routes/access.ts'
import { appPasswordRoutes } from './routes/app-passwords.ts'
import { groupRoutes } from './routes/groups.ts'
import { sessionRoutes } from './routes/session.ts'
import { userRoutes } from './routes/users.ts'
import { type Accounts, createAccounts } from './service/accounts.ts'
import { type AppPasswords, createAppPasswords } from './service/app-passwords.ts'
import { createPasswordCheck } from './service/check.ts'
import { createDirectory } from './service/directory.ts'
import { createGroups, type Groups } from './service/groups.ts'
import { createNews, followNews, type UserFollower } from './service/news.ts'
import { createPasswords } from './service/passwords.ts'
import { createRequirePassword } from './service/presence.ts'
import { createSessions, type Sessions } from './service/sessions.ts'
import { type Authenticate, createAuthenticate } from './service/sign-in.ts'
import { createThrottle } from './service/throttle.ts'
import { createUserStore } from './store/index.ts'
import { userMigrations } from './store/migrations.ts'

export { requireMoreThanAppPassword } from './routes/access.ts'
export { accountName, displayName, type Group, password, role, type User } from './schema.ts'
export type { UserFollower } from './service/news.ts'
export { freeName, isReserved, takeName } from './store/names.ts'

export interface SmbAccount {
  name: string
  /** Never used twice; smbd's uid comes from it. */
  number: number
  displayName: string
  ntHash: string
}

export interface Users extends Accounts {
  domain: Domain
  groups: Groups
  appPasswords: AppPasswords
  sessions: Sessions
  /**
   * Who signed the request; undefined: nobody tried to. Throws `unauthenticated` (wrong), `throttled`, or `forbidden`
   * (a cookie from another site).
   */
  authenticate: Authenticate
  /** Throws unless they enter their own password once more, and came by more than an app password. */
  requirePresence(
    actor: Pick<Actor, 'user' | 'device'>,
    password: string | undefined,
    address: string | undefined,
    field?: string,
  ): Promise<void>
  /** From memory. */
  names(): readonly string[]
  /** From memory. */
  groupsOf(user: string): readonly string[]
  /** From memory: milliseconds; a name that was freed and taken again is another account. */
  createdAt(user: string): number | undefined
  /** With what SMB needs as a password: for its renderer alone. */
  smbAccounts(): Promise<SmbAccount[]>
  /** Is told, and awaited, before whoever changed an account is answered. */
  follow(follower: UserFollower): void
}

export interface UsersDeps {
  database: Database
  events: Events
  log: Log
  clock: Clock
}

/** Accounts, groups, and who a request comes from. */
export function createUsers({ database, events, log, clock }: UsersDeps): Users {
  // This process's own: keys its memory of checked passwords.
  const secretKey = createSecretKey(randomBytes(32))
  const store = createUserStore(database)
  const directory = createDirectory(store)
  const passwords = createPasswords()
  const news = createNews({ events, directory })
  const check = createPasswordCheck({ store, passwords, throttle: createThrottle(clock), secretKey })
  const requirePassword = createRequirePassword(check)
  const accounts = createAccounts({ store, directory, passwords, news, clock })
  const groups = createGroups({ store, news })
  const sessions = createSessions({ store, clock, news })
  const appPasswords = createAppPasswords({ store, clock, news })
  const signIn = { directory, sessions, appPasswords, check, events, clock, secretKey }
  followNews({ events, directory, log })

  const domain: Domain = {
    name: 'users',
    migrations: userMigrations,
    routes: [
      ...sessionRoutes({ accounts, sessions, check }),
      ...userRoutes({ accounts, requirePassword }),
      ...appPasswordRoutes({ accounts, appPasswords }),
      ...groupRoutes(groups),
    ],
    start: directory.refresh,
  }
  return {
    ...accounts,
    domain,
    groups,
    appPasswords,
    sessions,
    authenticate: createAuthenticate(signIn),
    async requirePresence(actor, password, address, field) {
      requireMoreThanAppPassword(actor)
      await requirePassword(actor, password, address, field)
    },
    names: () => directory.accounts().map(({ name }) => name),
    groupsOf: directory.groupsOf,
    createdAt: user => directory.account(user)?.createdAt,
    smbAccounts: store.accounts.forSmb,
    follow: news.follow,
  }
}
