import { Failure } from './failure.ts'

/** Keeps pools busy by mounts of its own. */
export interface Holder {
  /** Whether somebody would be cut. */
  isBusy(pool: string): Promise<boolean>
  /** It comes back by itself when the pool does. */
  leave(pool: string): Promise<void>
}

export interface LetGo {
  add(holder: Holder): void
  /** Before a pool is unmounted. Throws `storage/busy`, and nobody has let go, where somebody would be cut. */
  of(pool: string): Promise<void>
}

export function createLetGo(): LetGo {
  const holders: Holder[] = []
  return {
    add: holder => void holders.push(holder),
    async of(pool) {
      for (const holder of holders)
        if (await holder.isBusy(pool))
          throw new Failure('conflict', 'storage/busy', `The pool ${pool} is in use over the network.`)
      for (const holder of holders) await holder.leave(pool)
    },
  }
}
