import type { Agent } from '../../agent/client.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import type { Log } from '../../lib/log.ts'
import { nextNight } from '../plan/versions.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    /** Null: not after all. */
    'updates/restart-planned': { at: string | null }
  }
}

export interface RestartsDeps {
  agent: Agent
  events: Events
  clock: Clock
  log: Log
}

/**
 * Whether the box starts again in the night. Every server process plans it: any of them may be asked, or be gone by then; and
 * asked for more than once, it happens once.
 */
export function createRestarts({ agent, events, clock, log }: RestartsDeps) {
  let planned: { at: string; timer: NodeJS.Timeout } | undefined
  let unsubscribe: () => void = () => undefined

  const now = () => agent.call('updates/restart', {})

  function plan({ at }: { at: string | null }) {
    clearTimeout(planned?.timer)
    planned = undefined
    if (at === null) return
    const restart = () => now().catch(error => log.error('no restart', { error }))
    planned = { at, timer: setTimeout(() => void restart(), Date.parse(at) - clock.now()).unref() }
  }

  return {
    now,
    plannedAt: () => planned?.at ?? null,
    atNight() {
      const at = nextNight(new Date(clock.now()))
      events.publish('updates/restart-planned', { at: at.toISOString() })
    },
    never: () => events.publish('updates/restart-planned', { at: null }),
    start() {
      unsubscribe = events.on('updates/restart-planned', plan)
    },
    stop() {
      unsubscribe()
      plan({ at: null })
    },
  }
}
