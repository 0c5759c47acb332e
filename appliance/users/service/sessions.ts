import type { Clock } from '../../lib/clock.ts'
import { randomToken, sha256 } from '../../lib/secret.ts'
import type { UserStore } from '../store/index.ts'
import type { News } from './news.ts'
import type { Identity } from './remembered.ts'

const hourMs = 3_600_000
const rememberedMs = 30 * 24 * hourMs
const shortMs = 12 * hourMs
const extendAfterMs = 10 * 60_000
const prefix = 'session:'

export interface NewSession {
  token: string
  /** For the cookie; undefined: until the browser closes. */
  maxAgeMs: number | undefined
}

export interface Sessions {
  create(user: string, isRemembered: boolean): Promise<NewSession>
  /** The session of this token's hash, if it has not expired; being used, it lasts on. */
  recall(tokenHash: string): Promise<{ identity: Identity; expiresAt: number } | undefined>
  /** Ends the session that `device` of an actor names; nothing where it is none. */
  end(user: string, device: string): Promise<void>
}

export function createSessions(deps: { store: UserStore; clock: Clock; news: News }): Sessions {
  const { store, clock, news } = deps
  return {
    async create(user, isRemembered) {
      const token = randomToken(160)
      const now = clock.now()
      const lastsMs = isRemembered ? rememberedMs : shortMs
      await store.sessions.insert({
        id: randomToken(64),
        tokenHash: sha256(token),
        userName: user,
        isRemembered: isRemembered ? 1 : 0,
        createdAt: now,
        expiresAt: now + lastsMs,
      })
      return { token, maxAgeMs: isRemembered ? rememberedMs : undefined }
    },
    async recall(tokenHash) {
      const row = await store.sessions.byToken(tokenHash)
      const now = clock.now()
      if (!row || row.expiresAt <= now) return undefined
      const full = now + (row.isRemembered ? rememberedMs : shortMs)
      const isDue = full - row.expiresAt > extendAfterMs
      if (isDue) await store.sessions.extend(row.id, full)
      const identity = { user: row.userName, device: prefix + row.id }
      return { identity, expiresAt: isDue ? full : row.expiresAt }
    },
    async end(user, device) {
      const id = sessionIdOf(device)
      if (id === undefined) return
      await store.sessions.remove(id)
      news.secretsChanged(user)
    },
  }
}

/** The session that an actor's `device` names. */
export function sessionIdOf(device: string): string | undefined {
  return device.startsWith(prefix) ? device.slice(prefix.length) : undefined
}
