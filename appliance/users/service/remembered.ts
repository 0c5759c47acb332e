import { BoundedMap } from '../../lib/bounded-map.ts'
import type { Clock } from '../../lib/clock.ts'

export interface Identity {
  user: string
  device: string
  deviceName?: string
}

interface Remembered {
  identity: Identity
  until: number
}

/**
 * Who was signed in with what, for a while and in memory. The keys are keyed hashes, so the memory holds no secret. A
 * look-up that began before the account's secrets changed is not remembered.
 */
export function createRemembered(clock: Clock, limit: number) {
  const known = new BoundedMap<string, Remembered>(limit)
  let generation = 0
  return {
    get(key: string): Identity | undefined {
      const found = known.get(key)
      if (!found) return undefined
      if (found.until > clock.now()) return found.identity
      known.delete(key)
      return undefined
    },
    generation: () => generation,
    set(key: string, identity: Identity, options: { until: number; since: number }) {
      if (options.since === generation) known.set(key, { identity, until: options.until })
    },
    /** null: everybody. */
    forget(user: string | null) {
      generation += 1
      for (const [key, { identity }] of known) if (user === null || identity.user === user) known.delete(key)
    },
  }
}
