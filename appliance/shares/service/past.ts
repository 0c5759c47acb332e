import type { Actor } from '../../http/route.ts'
import type { Users } from '../../users/index.ts'
import type { Catalog } from './catalog.ts'

/** A share or home whose past somebody may know, since it has been this very one. */
export interface PastVolume {
  /** `share:NAME` or `home:USER`. */
  volume: string
  pool: string
  /** What is older happened to another one of that name. */
  sinceMs: number
  /** False: that something happened, and who did it, but not to what. */
  hasPaths: boolean
}

/**
 * What happened in a share is for those who may see it now, and for administrators. What happened in a home is its
 * owner's; administrators learn that something happened, never the names of files.
 */
export function createPast(deps: {
  catalog: Pick<Catalog, 'shares' | 'homes' | 'right'>
  users: Pick<Users, 'createdAt'>
}) {
  const { catalog, users } = deps
  return (actor: Pick<Actor, 'user' | 'role'>): PastVolume[] => {
    const isAdmin = actor.role === 'admin'
    const shares = catalog
      .shares()
      .filter(share => isAdmin || catalog.right(actor, share) !== 'none')
      .map(({ name, pool, createdAt }) => ({
        volume: `share:${name}`,
        pool,
        sinceMs: createdAt,
        hasPaths: true,
      }))
    const homes = catalog
      .homes()
      .filter(({ userName, state }) => state === 'ready' && (isAdmin || userName === actor.user))
      .map(({ userName, pool }) => ({
        volume: `home:${userName}`,
        pool,
        sinceMs: users.createdAt(userName) ?? Number.POSITIVE_INFINITY,
        hasPaths: userName === actor.user,
      }))
    return [...homes, ...shares]
  }
}
