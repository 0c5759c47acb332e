import type { Readable } from 'node:stream'
import type { Agent } from '../../agent/client.ts'
import type { HealthReport } from '../../health/index.ts'
import type { Jobs } from '../../jobs/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { isHeldBack, notHere } from '../plan/versions.ts'
import type { SourceState, UpdateFacts, UpdateSource, UpdateState } from '../schema.ts'
import { createAilments } from './ailments.ts'
import { createLooking } from './looking.ts'
import { createNights } from './nights.ts'
import { createReceiving } from './receiving.ts'
import { createRestarts } from './restarts.ts'
import { createReturning } from './returning.ts'
import { createRounds } from './rounds.ts'
import { createSources, type SourcesDeps } from './sources.ts'
import { createTaking } from './taking.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    'updates/changed': Record<string, never>
  }
}

export interface UpdatesDeps extends SourcesDeps {
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
  /** Looks for updates once a day: one of the server processes does. */
  isFirst: boolean
  roundEveryMs?: number
  lookWithinMs?: number
  chance?: () => number
}

export function createUpdateService(deps: UpdatesDeps) {
  const { agent, events, clock, log, jobs, health } = deps
  const { lookEveryMs = 5_000, wellForMs = 60_000 } = deps
  const receiving = createReceiving(deps)
  const ailments = createAilments(deps)
  const returning = createReturning(deps)
  const sources = createSources(deps)
  const looking = createLooking({ ...deps, sources })
  const taking = createTaking({ ...deps, receiving, ailments, looking })
  const restarts = createRestarts(deps)
  const nights = createNights({ ...deps, sources, looking, receiving, taking, restart: restarts.now })
  const rounds = createRounds({ ...deps, sources, looking, nights, facts: () => facts })
  let facts: UpdateFacts = { isPossible: false, version: deps.version, isOnTrial: false }
  let watching: NodeJS.Timeout | undefined
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
    // Where a trial is for one start (Raspberry Pi), the next one is the older version until this one was found good.
    const waitsForRestart =
      !isOnTrial && (slots?.slots.some(({ isNext, isBooted }) => isNext && !isBooted) ?? false)
    return {
      version,
      isPossible,
      slots,
      isOnTrial,
      bundle: bytes === undefined ? null : { receivedBytes: bytes, ...(await inspected(isPossible)) },
      waitsForRestart,
      restartAt: restarts.plannedAt() ?? (waitsForRestart ? await nights.restartAt() : null),
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

  /** What was known of a trial may be some seconds old, and it ends once. */
  async function requireSettled() {
    if (!facts.isOnTrial || !(await learn()).isOnTrial) return
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

  async function source(): Promise<SourceState> {
    const { version } = facts
    const [inForce, last, heldBack] = await Promise.all([
      sources.inForce(),
      looking.shown(version),
      nights.shown(),
    ])
    return { ...inForce, ...last, heldBack }
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
      await requireSettled()
      return taking.install(allowOlder)
    },
    /** From where updates come, to the other place for the system. */
    async take(version: string) {
      await requireHere()
      await requireSettled()
      const job = await taking.take(version, facts.version)
      await nights.leave()
      return job
    },
    source,
    async decideSource(wanted: UpdateSource) {
      await requireHere()
      await requireSettled()
      await sources.decide(wanted)
      return source()
    },
    async look() {
      await requireHere()
      await looking.now()
      return source()
    },
    isFailingLong: looking.isFailingLong,
    async earlier() {
      return (await learn()).isPossible ? returning.earlier() : null
    },
    async goBack(version: string) {
      await requireHere()
      await requireSettled()
      await returning.goBack(version)
    },
    async restart(when: 'now' | 'night' | 'never') {
      await requireHere()
      await nights.leave()
      if (when === 'now') await restarts.now()
      else if (when === 'night') restarts.atNight()
      else restarts.never()
      events.publish('updates/changed', {})
    },
    /** Throws for what is to wait until this version was found good. */
    async requireChangeable(route: { method: string; tag: string }) {
      if (isHeldBack(route)) await requireSettled()
    },
    facts: () => facts,
    /** A version on trial is not ready before all has been well for a while. */
    isReady: () => !facts.isOnTrial || isWell(),
    async start() {
      await learn()
      await returning.tidy()
      unsubscribe = events.on('updates/changed', () => void learn())
      restarts.start()
      if (deps.isFirst) await rounds.start()
      if (!facts.isOnTrial) return
      watching = setInterval(
        () => void look().catch(error => log.warn('not yet', { error })),
        lookEveryMs,
      ).unref()
    },
    async stop() {
      unsubscribe()
      clearInterval(watching)
      await rounds.stop()
      restarts.stop()
    },
  }
}

const slowMs = 4 * 60_000
const onTrial =
  'A new version is on trial: for some minutes settings cannot be changed, so that nothing is lost if the box goes back. Files are not affected.'

export type UpdateService = ReturnType<typeof createUpdateService>
