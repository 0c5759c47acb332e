import { Failure } from './failure.ts'
import type { Log } from './log.ts'

/** Keeps pools busy by mounts of its own. */
export interface Holder {
  /** Whether somebody would be cut. */
  isBusy(pool: string): Promise<boolean>
  /** From here on it has nothing of the pool mounted, until it may come `back`. */
  leave(pool: string): Promise<void>
  back(pool: string): Promise<void>
}

export interface LetGo {
  add(holder: Holder): void
  /** Does the work while nobody holds the pool. Throws `storage/busy`, without it, where somebody would be cut. */
  during<T>(pool: string, work: () => Promise<T>): Promise<T>
}

export function createLetGo(log: Log): LetGo {
  const holders: Holder[] = []
  return {
    add: holder => void holders.push(holder),
    async during(pool, work) {
      for (const holder of holders)
        if (await holder.isBusy(pool))
          throw new Failure('conflict', 'storage/busy', `The pool ${pool} is in use over the network.`)
      try {
        for (const holder of holders) await holder.leave(pool)
        return await work()
      } finally {
        for (const holder of holders)
          await holder
            .back(pool)
            .catch(error => log.error('what a pool shows could not be shown again', { pool, error }))
      }
    },
  }
}
