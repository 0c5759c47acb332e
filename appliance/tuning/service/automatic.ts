import { type Jobs, runningJob } from '../../jobs/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { TuningStore } from '../store.ts'
import type { Applying } from './applying.ts'
import { hardwareOf, type Planning } from './plan.ts'

/** What only higher layers know of whether this is a good moment. */
export interface Circumstances {
  isSetUp: boolean
  /** A new version is, and settings are to stay as they are. */
  isOnTrial: boolean
  /** Pools that are degraded or away, or that are being checked or changed. */
  restlessPools: readonly string[]
}

export interface AutomaticOptions {
  /** Where nobody has said so. */
  isOnByDefault: boolean
  /** One server process of several looks at the plan. */
  isLooking: boolean
  circumstances(): Promise<Circumstances>
}

export interface AutomaticDeps {
  options: AutomaticOptions
  planning: Planning
  applying: Pick<Applying, 'applyUnasked' | 'unasked'>
  store: TuningStore
  jobs: Pick<Jobs, 'list' | 'get'>
  events: Events
  clock: Clock
  log: Log
  later: Later
}

/** Acts in a while; returns what calls that off. What is begun then says itself what becomes of it. */
export type Later = (ms: number, act: () => Promise<void>) => () => void

export interface Automatic {
  isOn(): Promise<boolean>
  switchTo(isOn: boolean): Promise<void>
  start(): void
  stop(): Promise<void>
}

/** Disks come one after the other, and a start is busy: it is looked at once that is over. */
const quietMs = 60_000
/** Who has just set a box up is asked whether to measure it, and measuring goes first. */
const afterSetupMs = 5 * 60_000

/** Applies the plan without being asked: after a start, when the hardware has changed, and after measuring. */
export function createAutomatic(deps: AutomaticDeps): Automatic {
  const { options, planning, applying, store, jobs, events, clock, log, later } = deps
  const unsubscribe: (() => void)[] = []
  /** There was news that no look has seen to its end. */
  let isDue = false
  let newsCount = 0
  let notBefore = Number.NEGATIVE_INFINITY
  let callOff: (() => void) | undefined
  let looking: Promise<void> = Promise.resolve()

  const isOn = async () => (await store.isAutomatic()) ?? options.isOnByDefault

  function news() {
    isDue = true
    newsCount += 1
    lookLater()
  }

  function lookLater() {
    callOff?.()
    const inMs = Math.max(quietMs, notBefore - clock.now())
    callOff = later(inMs, () => {
      callOff = undefined
      looking = looking.then(look)
      return looking
    })
  }

  /** What was in the way may be over. */
  function lookIfDue() {
    if (isDue && callOff === undefined) lookLater()
  }

  async function lookOnceEnded(job: string) {
    if (!isDue || callOff !== undefined) return
    const { state } = await jobs.get(job)
    if (state !== 'running') lookIfDue()
  }

  async function look() {
    const seen = newsCount
    try {
      if (await applyOrWait()) isDue = newsCount !== seen
    } catch (error) {
      if (error instanceof Failure) log.info('the tuning waits', { error })
      else log.error('the tuning plan could not be looked at', { error })
    }
  }

  /** False: something is in the way, and it has to be looked at again. */
  async function applyOrWait(): Promise<boolean> {
    if (!(await isOn())) return true
    const obstacle = obstacleIn(await options.circumstances()) ?? (await busyWith())
    if (obstacle !== undefined) {
      log.debug('the tuning waits', { obstacle })
      return false
    }
    const here = await planning.look()
    if (await isCancelledOn(hardwareOf(here.facts))) return true
    const todo = await applying.unasked(here)
    if (todo.set.length + todo.putBack.length === 0) return true
    await applying.applyUnasked()
    log.info('the plan is applied by itself', { set: todo.set, putBack: todo.putBack })
    return true
  }

  async function busyWith(): Promise<string | undefined> {
    return (await runningJob(jobs, disturbing))?.title
  }

  /** Once it was seen with other hardware, it counts no more. */
  async function isCancelledOn(hardware: string): Promise<boolean> {
    const cancelledOn = await store.cancelledOn()
    if (cancelledOn === hardware) return true
    if (cancelledOn !== undefined) await store.forgetCancelled()
    return false
  }

  const subscriptions = () => [
    events.on('storage/changed', news),
    // Measured, put back, or switched on.
    events.on('tuning/changed', () => {
      notBefore = Number.NEGATIVE_INFINITY
      news()
    }),
    events.on('setup/claimed', () => {
      notBefore = clock.now() + afterSetupMs
      news()
    }),
    events.on('updates/changed', lookIfDue),
    events.on('agent/connected', ({ isFirst }) => {
      if (!isFirst) news()
    }),
    events.on('jobs/changed', ({ id }) => {
      lookOnceEnded(id).catch(error => log.error('a job could not be looked at', { job: id, error }))
    }),
  ]

  return {
    isOn,
    async switchTo(wanted) {
      await store.switchAutomatic(wanted, clock.now())
      events.publish('tuning/changed', {})
    },
    start() {
      if (!options.isLooking) return
      unsubscribe.push(...subscriptions())
      news()
    },
    async stop() {
      for (const end of unsubscribe.splice(0)) end()
      callOff?.()
      callOff = undefined
      isDue = false
      await looking
    },
  }
}

/** While these run, the box does worse for a reason of their own, or the plan is about to be another one. */
const disturbing = /^(tuning|storage|setup|updates)\//

function obstacleIn({ isSetUp, isOnTrial, restlessPools }: Circumstances): string | undefined {
  if (!isSetUp) return 'the box is not set up'
  if (isOnTrial) return 'a new version is on trial'
  return restlessPools.length > 0 ? `not all is well with ${restlessPools.join(', ')}` : undefined
}
