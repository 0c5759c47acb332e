import type { Events } from '../../lib/events.ts'
import type { Log } from '../../lib/log.ts'
import type { Directory } from './directory.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    /** Accounts, roles or groups; null: several. */
    'users/changed': { user: string | null }
    /** Passwords, app passwords or sessions of an account; null: anybody's. */
    'users/secrets-changed': { user: string | null }
  }
}

/** What reacts to accounts within the same call: it is awaited before the caller is answered. */
export interface UserFollower {
  /** Before anything is written: throws when the account cannot be had like this. */
  creating(options: { pool?: string | undefined }): Promise<void>
  created(user: string, options: { pool?: string | undefined }): Promise<void>
  removed(user: string, options: { isHomeDeleted: boolean }): Promise<void>
  /** Anything that other programs' configuration shows: names, groups, passwords. */
  changed(): Promise<void>
}

export interface News {
  follow(follower: UserFollower): void
  creating: UserFollower['creating']
  created: UserFollower['created']
  removed: UserFollower['removed']
  usersChanged(user: string | null): Promise<void>
  passwordChanged(user: string): Promise<void>
  secretsChanged(user: string): void
}

/** Tells this process at once and the others by events. */
export function createNews(deps: { events: Events; directory: Directory }): News {
  const { events, directory } = deps
  const followers: UserFollower[] = []
  const each = async (tell: (follower: UserFollower) => Promise<void>) => {
    for (const follower of followers) await tell(follower)
  }
  return {
    follow: follower => void followers.push(follower),
    creating: options => each(follower => follower.creating(options)),
    created: (user, options) => each(follower => follower.created(user, options)),
    removed: (user, options) => each(follower => follower.removed(user, options)),
    async usersChanged(user) {
      events.publish('users/changed', { user })
      await directory.refresh()
      await each(follower => follower.changed())
    },
    async passwordChanged(user) {
      events.publish('users/secrets-changed', { user })
      await each(follower => follower.changed())
    },
    secretsChanged: user => events.publish('users/secrets-changed', { user }),
  }
}

/** Keeps the directory right by what other processes say, and after the connection to them was lost. */
export function followNews(deps: { events: Events; directory: Directory; log: Log }): void {
  const { events, directory, log } = deps
  const refresh = () => {
    directory.refresh().catch(error => log.error('accounts could not be read', { error }))
  }
  events.on('users/changed', refresh)
  events.on('agent/connected', ({ isFirst }) => {
    if (!isFirst) refresh()
  })
}
