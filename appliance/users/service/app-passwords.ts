import type { Clock } from '../../lib/clock.ts'
import { Failure } from '../../lib/failure.ts'
import { randomToken, sha256 } from '../../lib/secret.ts'
import type { Credentials } from '../parse/basic.ts'
import type { AppPassword } from '../schema.ts'
import type { UserStore } from '../store/index.ts'
import type { AppPasswordRow } from '../store/migrations.ts'
import type { News } from './news.ts'
import type { Identity } from './remembered.ts'

const usedEveryMs = 5 * 60_000
const mostPerUser = 200
const prefix = 'app-password:'
/** What `newSecret` makes, with or without its dashes. */
const looksRight = /^[0-9a-z]{26}$/

export interface AppPasswords {
  list(user: string): Promise<AppPassword[]>
  create(user: string, label: string): Promise<{ id: string; label: string; password: string }>
  remove(user: string, id: string): Promise<void>
  /** The app password that was given, or undefined. 128 random bits need neither argon2 nor a throttle. */
  identify(credentials: Credentials): Promise<Identity | undefined>
}

export function createAppPasswords(deps: { store: UserStore; clock: Clock; news: News }): AppPasswords {
  const { store, clock, news } = deps

  async function noteUse(row: AppPasswordRow) {
    const now = clock.now()
    if (now - (row.lastUsedAt ?? 0) >= usedEveryMs) await store.appPasswords.setUsed(row.id, now)
  }

  return {
    list: async user => (await store.appPasswords.list(user)).map(asAppPassword),
    async create(user, label) {
      if ((await store.appPasswords.list(user)).length >= mostPerUser) throw tooMany()
      const id = randomToken(64)
      const secret = randomToken(128)
      const fresh = { hash: sha256(secret), createdAt: clock.now(), lastUsedAt: null }
      await store.appPasswords.insert({ id, userName: user, label, ...fresh })
      return { id, label, password: inGroups(secret) }
    },
    async remove(user, id) {
      if (!(await store.appPasswords.remove(user, id))) throw missing()
      news.secretsChanged(user)
    },
    async identify({ name, password }) {
      const plain = password.replaceAll('-', '').toLowerCase()
      if (!looksRight.test(plain)) return undefined
      const row = await store.appPasswords.byHash(sha256(plain))
      if (row?.userName !== name) return undefined
      await noteUse(row)
      return { user: name, device: prefix + row.id, deviceName: row.label }
    },
  }
}

/** Whether an actor's `device` is an app password. */
export function isAppPassword(device: string): boolean {
  return device.startsWith(prefix)
}

/** Dashes help whoever types it into a phone. */
function inGroups(secret: string): string {
  return secret.match(/.{1,5}/g)?.join('-') ?? secret
}

function asAppPassword({ id, label, createdAt, lastUsedAt }: AppPasswordRow): AppPassword {
  return {
    id,
    label,
    createdAt: new Date(createdAt).toISOString(),
    lastUsedAt: lastUsedAt === null ? null : new Date(lastUsedAt).toISOString(),
  }
}

function missing(): Failure {
  return new Failure('missing', 'users/no-app-password', 'There is no such app password.')
}

function tooMany(): Failure {
  return new Failure('conflict', 'users/too-many-app-passwords', 'Delete an app password that is not used.')
}
