import type { Log } from './log.ts'

/** News in the agent that a pool was mounted: what belongs to its mount is set before anybody is served from it. */
export interface Mounted {
  add(listener: (pool: string) => Promise<void>): void
  /** Ends when all have done theirs. One that breaks holds up neither the pool nor the others. */
  tell(pool: string): Promise<void>
}

export function createMounted(log: Log): Mounted {
  const listeners: ((pool: string) => Promise<void>)[] = []
  return {
    add: listener => void listeners.push(listener),
    async tell(pool) {
      for (const listener of listeners)
        await listener(pool).catch(error => log.error('a mounted pool could not be set up', { pool, error }))
    },
  }
}
