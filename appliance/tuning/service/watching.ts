import type { Agent } from '../../agent/client.ts'
import { fallOf, isSyncSlow, type Wellbeing } from '../plan/fall.ts'
import type { Look } from './plan.ts'

export interface WatchingDeps {
  agent: Agent
  /** How the box is. */
  health(): Promise<Wellbeing>
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export interface Watch {
  signal: AbortSignal
  passed(share: number): void
}

/** A group is watched for this long before it counts as good. */
const watchMs = 60_000
const lookEveryMs = 5_000

/** Returns what got worse within a minute. */
export function createWatching({ agent, health, wait }: WatchingDeps) {
  async function slowSync({ measured, isMeasuredHere }: Look, signal: AbortSignal) {
    if (!measured || !isMeasuredHere) return undefined
    for (const { name, fsyncMs } of measured.pools) {
      const now = await agent.call('tuning/probe-pool', { pool: name }, { signal })
      if (now !== null && isSyncSlow(now.p99, fsyncMs.p99))
        return `writing to the pool ${name} takes ${Math.round(now.p99)} ms, and took ${Math.round(fsyncMs.p99)} ms when it was measured`
    }
    return undefined
  }

  return async (before: Wellbeing, look: Look, { signal, passed }: Watch): Promise<string | undefined> => {
    for (let passedMs = 0; passedMs < watchMs; passedMs += lookEveryMs) {
      passed(passedMs / watchMs)
      await wait(lookEveryMs, signal)
      const fall = fallOf(before, await health()) ?? (await slowSync(look, signal))
      if (fall !== undefined) return fall
    }
    return undefined
  }
}
