import type { Clock } from '../../lib/clock.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { dueAt, nextLook } from '../plan/looks.ts'
import type { UpdateFacts } from '../schema.ts'
import type { Looking } from './looking.ts'
import type { Nights } from './nights.ts'
import type { Sources } from './sources.ts'

export interface RoundsDeps {
  clock: Clock
  log: Log
  sources: Sources
  looking: Looking
  nights: Nights
  facts(): UpdateFacts
  /** From 0 to 1, spreads boxes over the hours. */
  chance?: () => number
  roundEveryMs?: number
}

/** What is done without being asked: a look once a day, and what the night is for. */
export function createRounds(deps: RoundsDeps) {
  const { clock, log, sources, looking, nights, facts } = deps
  const { chance = Math.random, roundEveryMs = 5 * 60_000 } = deps
  let dueMs = Number.POSITIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let underWay: Promise<void> | undefined

  async function round() {
    const { isPossible, isOnTrial, version } = facts()
    if (!isPossible) return
    if (clock.now() >= dueMs) await lookOnce()
    if (!isOnTrial) await nights.turn(version)
  }

  async function lookOnce() {
    // Whatever comes of it: a place that is down is not asked more often.
    dueMs = nextLook(clock.now(), chance())
    const { address, looksDaily } = await sources.inForce()
    if (address !== null && looksDaily) await looking.now()
  }

  async function roundSafely() {
    try {
      await round()
    } catch (error) {
      log[error instanceof Failure ? 'warn' : 'error']('the round for updates was not finished', { error })
    }
    underWay = undefined
  }

  return {
    async start() {
      dueMs = dueAt(clock.now(), await looking.plannedAt(), chance())
      // One that takes longer than the pause has no other beside it.
      timer = setInterval(() => {
        underWay ??= roundSafely()
      }, roundEveryMs).unref()
    },
    async stop() {
      clearInterval(timer)
      looking.stop()
      await underWay
    },
  }
}
