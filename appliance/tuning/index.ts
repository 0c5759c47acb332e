import { setTimeout as delay } from 'node:timers/promises'
import type { Agent } from '../agent/client.ts'
import type { Jobs } from '../jobs/index.ts'
import type { Clock } from '../lib/clock.ts'
import type { Database } from '../lib/database.ts'
import type { Domain } from '../lib/domain.ts'
import type { Events } from '../lib/events.ts'
import { Failure } from '../lib/failure.ts'
import type { Log } from '../lib/log.ts'
import type { KnownPool } from './parse/pools.ts'
import type { Wellbeing } from './plan/fall.ts'
import { tuningRoutes } from './routes.ts'
import type { Settable, TuningReport } from './schema/index.ts'
import { createApplying } from './service/applying.ts'
import { type AutomaticOptions, createAutomatic, type Later } from './service/automatic.ts'
import { createCalibration } from './service/calibration.ts'
import { createPlanning } from './service/plan.ts'
import { createTaking, type Taking } from './service/taking.ts'
import { createTrials } from './service/trials.ts'
import { createTuningStore, tuningMigrations } from './store.ts'

export type { KnownPool } from './parse/pools.ts'
export type { Settable, TuningReport } from './schema/index.ts'
export type { Circumstances } from './service/automatic.ts'
export { tuningMigrations } from './store.ts'

declare module '../lib/events.ts' {
  interface EventMap {
    /** Measured, set or put back; or it is now, or not any more, done by itself. */
    'tuning/changed': Record<string, never>
  }
}

export interface Tuning extends Pick<Taking, 'taken' | 'onTaken'> {
  domain: Domain
  report(): Promise<TuningReport>
  /** For parts that take a setting up themselves: what the plan, or somebody's choice, says. */
  valueOf(name: string): Promise<string | undefined>
  /** Disks or pools came or went: what was set on one that is back is set again. */
  hardwareChanged(): Promise<void>
}

export interface TuningDeps {
  database: Database
  agent: Agent
  events: Events
  jobs: Pick<Jobs, 'start' | 'list' | 'get'>
  clock: Clock
  log: Log
  version: string
  /** Storage lies above: it hands in what it knows. */
  pools(): Promise<KnownPool[]>
  parts?(): Promise<Record<string, Settable>>
  health(): Promise<Wellbeing>
  /** Time, for tests that do not want to wait for it. */
  wait?(ms: number, signal: AbortSignal): Promise<void>
  later?: Later
  automatic: AutomaticOptions
}

export function createTuning(deps: TuningDeps): Tuning {
  const { agent, events, log, version, wait = (ms, signal) => delay(ms, undefined, { signal }) } = deps
  const store = createTuningStore(deps.database)
  const taking = createTaking({ ...deps, store })
  const trials = createTrials({ ...deps, store, taking })
  const planning = createPlanning({ ...deps, store, taking, trials, isAutomatic: () => automatic.isOn() })
  const applying = createApplying({ ...deps, planning, store, taking, trials, wait })
  const calibration = createCalibration({ ...deps, planning, store })
  const automatic = createAutomatic({
    ...deps,
    options: deps.automatic,
    planning,
    applying,
    store,
    later: deps.later ?? inAWhile,
  })
  async function endForgotten() {
    try {
      await trials.endForgotten()
    } catch (error) {
      log.error('settings that nobody watches any more could not be put back', { error })
    }
  }

  events.on('tuning/changed', () => {
    taking.lookAgain().catch(error => log.error('settings could not be taken up', { error }))
  })
  return {
    domain: {
      name: 'tuning',
      migrations: tuningMigrations,
      routes: tuningRoutes({ planning, applying, calibration, automatic, version }),
      async start() {
        await endForgotten()
        await taking.lookAgain()
        automatic.start()
      },
      async stop() {
        applying.stop()
        await automatic.stop()
      },
    },
    taken: taking.taken,
    onTaken: taking.onTaken,
    report: planning.report,
    async valueOf(name) {
      const { plan } = await planning.look()
      return plan.settings.find(setting => setting.name === name)?.to
    },
    async hardwareChanged() {
      try {
        await agent.call('tuning/renew-hardware', {})
      } catch (error) {
        // The agent does so itself when it starts.
        if (!(error instanceof Failure)) throw error
        log.debug('settings of disks and pools could not be set again', { error })
      }
    },
  }
}

const inAWhile: Later = (ms, act) => {
  const timer = setTimeout(() => void act(), ms).unref()
  return () => clearTimeout(timer)
}
