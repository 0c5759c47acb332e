import type { Readable } from 'node:stream'
import type { Agent } from '../../agent/client.ts'
import type { HealthReport } from '../../health/index.ts'
import type { Jobs } from '../../jobs/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { isHeldBack, nextNight, notHere } from '../plan/versions.ts'
import type { UpdateFacts, UpdateState } from '../schema.ts'
import { createAilments } from './ailments.ts'
import { createReceiving } from './receiving.ts'
import { createReturning } from './returning.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    'updates/changed': Record<string, never>
  }
}

export interface UpdatesDeps {
  agent: Agent
  events: Events
  clock: Clock
  log: Log
  jobs: Jobs
  dataDir: string
  databasePath: string
  version: string
  health(): Promise<HealthReport>
  /** How often a version on trial is looked at, and for how long all must be well. */
  lookEveryMs?: number
  wellForMs?: number
}

export function createUpdateService(deps: UpdatesDeps) {
  const { agent, events, clock, log, jobs, health } = deps
  const { lookEveryMs = 5_000, wellForMs = 60_000 } = deps
  const receiving = createReceiving(deps)
  const ailments = createAilments(deps)
  const returning = createReturning(deps)
  let facts: UpdateFacts = { isPossible: false, version: deps.version, isOnTrial: false }
  let watching: NodeJS.Timeout | undefined
  let restarting: { timer: NodeJS.Timeout; at: Date } | undefined
  let wellSinceMs: number | undefined
  let unsubscribe: () => void = () => undefined

  async function learn(): Promise<UpdateFacts> {
    try {
      facts = await agent.call('updates/facts', {})
    } catch (error) {
      log.warn('the updater could not be asked', { error })
    }
    return facts
  }

  async function state(): Promise<UpdateState> {
    const { isPossible, version, isOnTrial } = await learn()
    const slots = isPossible ? await agent.call('updates/slots', {}, { timeoutMs: slowMs }) : null
    const bytes = await receiving.receivedBytes()
    return {
      version,
      isPossible,
      slots,
      isOnTrial,
      bundle: bytes === undefined ? null : { receivedBytes: bytes, ...(await inspected(isPossible)) },
      // Where a trial is for one start (Raspberry Pi), the next one is the older version until this one was found good.
      waitsForRestart:
        !isOnTrial && (slots?.slots.some(({ isNext, isBooted }) => isNext && !isBooted) ?? false),
      restartAt: restarting?.at.toISOString() ?? null,
    }
  }

  async function inspected(isPossible: boolean) {
    if (!isPossible) return { version: null, problem: null }
    try {
      const found = await agent.call('updates/inspect', {}, { timeoutMs: slowMs })
      return { version: found.version, problem: null }
    } catch (error) {
      return { version: null, problem: error instanceof Failure ? error.message : String(error) }
    }
  }

  async function requireHere() {
    if ((await learn()).isPossible) return
    throw notHere()
  }

  function requireSettled() {
    if (!facts.isOnTrial) return
    throw new Failure('conflict', 'updates/on-trial', onTrial)
  }

  /** What is well for a while is good: that is what the image waits for before it marks a version so. */
  async function look() {
    if (await ailments.hasNew(await health())) wellSinceMs = undefined
    else wellSinceMs ??= clock.now()
    const { isOnTrial } = await learn()
    if (isOnTrial) return
    clearInterval(watching)
    events.publish('updates/changed', {})
  }

  function isWell(): boolean {
    return wellSinceMs !== undefined && clock.now() - wellSinceMs >= wellForMs
  }

  return {
    state,
    async receive(body: Readable, where: { offset: number; length: number | undefined }) {
      await requireHere()
      const receivedBytes = await receiving.append(body, where)
      events.publish('updates/changed', {})
      return { receivedBytes }
    },
    async download(url: string) {
      await requireHere()
      return jobs.start({
        kind: 'updates/download',
        title: 'Downloading an update',
        async run(context) {
          await receiving.download(url, context)
          events.publish('updates/changed', {})
        },
      })
    },
    async remove() {
      await receiving.remove()
      events.publish('updates/changed', {})
    },
    async install(allowOlder: boolean) {
      await requireHere()
      requireSettled()
      return jobs.start({
        kind: 'updates/install',
        title: 'Installing an update',
        async run({ report, signal }) {
          await ailments.remember(await health())
          await agent.call(
            'updates/install',
            { allowOlder },
            { onProgress: report, signal, timeoutMs: 3_600_000 },
          )
          events.publish('updates/changed', {})
        },
      })
    },
    async earlier() {
      return (await learn()).isPossible ? returning.earlier() : null
    },
    async goBack(version: string) {
      await requireHere()
      requireSettled()
      await returning.goBack(version)
    },
    async restart(when: 'now' | 'night' | 'never') {
      await requireHere()
      if (restarting) clearTimeout(restarting.timer)
      restarting = undefined
      if (when === 'now') await agent.call('updates/restart', {})
      else if (when === 'night') {
        const at = nextNight(new Date(clock.now()))
        const restart = () =>
          agent.call('updates/restart', {}).catch(error => log.error('no restart', { error }))
        restarting = { at, timer: setTimeout(() => void restart(), at.getTime() - clock.now()).unref() }
      }
      events.publish('updates/changed', {})
    },
    /** Throws for what is to wait until this version was found good. */
    requireChangeable(route: { method: string; tag: string }) {
      if (isHeldBack(route)) requireSettled()
    },
    facts: () => facts,
    /** A version on trial is not ready before all has been well for a while. */
    isReady: () => !facts.isOnTrial || isWell(),
    async start() {
      await learn()
      await returning.tidy()
      unsubscribe = events.on('updates/changed', () => void learn())
      if (!facts.isOnTrial) return
      watching = setInterval(
        () => void look().catch(error => log.warn('not yet', { error })),
        lookEveryMs,
      ).unref()
    },
    async stop() {
      unsubscribe()
      clearInterval(watching)
      if (restarting) clearTimeout(restarting.timer)
    },
  }
}

const slowMs = 4 * 60_000
const onTrial =
  'A new version is on trial: for some minutes settings cannot be changed, so that nothing is lost if the box goes back. Files are not affected.'

export type UpdateService = ReturnType<typeof createUpdateService>
