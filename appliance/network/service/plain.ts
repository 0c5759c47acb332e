import { z } from 'zod'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { Settings } from '../../system/index.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    'network/plain-changed': { isAllowed: boolean }
  }
}

export interface PlainDeps {
  settings: Pick<Settings, 'get' | 'set'>
  events: Events
  log: Log
  /** Null: there is no HTTPS. */
  https: { isRequired: boolean } | null
}

/** Asked for each request over HTTP, so each process has it in memory. */
export interface Plain {
  start(): Promise<void>
  /** Whether programs are served over HTTP as well. */
  isAllowed(): boolean
  allow(isAllowed: boolean): Promise<void>
}

const key = 'network/plain'

/** What HTTP still does where HTTPS is required: lead there, or serve programs that cannot do it. An administrator decides. */
export function createPlain({ settings, events, log, https }: PlainDeps): Plain {
  const isRequired = https?.isRequired ?? false
  let isAllowed = false

  async function learn() {
    isAllowed = z
      .boolean()
      .catch(false)
      .parse(await settings.get(key))
  }

  return {
    async start() {
      await learn()
      events.on('network/plain-changed', changed => {
        isAllowed = changed.isAllowed
      })
      // What was decided while this process heard of nothing.
      events.on('agent/connected', ({ isFirst }) => {
        if (!isFirst) learn().catch(error => log.error('what HTTP may do is not known', { error }))
      })
    },
    isAllowed: () => !isRequired || isAllowed,
    async allow(wanted) {
      if (!isRequired)
        throw new Failure(
          'conflict',
          'network/https-offered',
          'HTTP is served anyway: start Cairn with --https-port N --https required, and it leads to HTTPS.',
        )
      await settings.set(key, wanted)
      events.publish('network/plain-changed', { isAllowed: wanted })
    },
  }
}
