import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Agent } from '../../agent/client.ts'
import type { HealthReport } from '../../health/index.ts'
import { type Jobs, runningJob } from '../../jobs/index.ts'
import type { Clock } from '../../lib/clock.ts'
import { writeDurably } from '../../lib/durable.ts'
import type { Events } from '../../lib/events.ts'
import { failureRecord } from '../../lib/failure.ts'
import { isInstallingTime, isRestartingTime, whyNotTonight } from '../plan/nights.ts'
import { nextNight } from '../plan/versions.ts'
import type { Slots } from '../schema.ts'
import { readKept } from './kept.ts'
import type { Looking, Offer } from './looking.ts'
import type { Receiving } from './receiving.ts'
import type { Sources } from './sources.ts'
import type { Taking } from './taking.ts'

/** What the box has done by itself. It outlives going back to a version, so that none is tried by itself again and again. */
const night = z.object({
  /** The last version whose installation was begun. */
  tried: z.string().nullable(),
  /** It was installed, and the box is to start again with it. */
  waits: z.boolean(),
  heldBack: z.object({ at: z.number(), message: z.string() }).nullable(),
})
type Night = z.infer<typeof night>
const nothingYet: Night = { tried: null, waits: false, heldBack: null }

export interface NightsDeps {
  agent: Agent
  events: Events
  clock: Clock
  dataDir: string
  jobs: Jobs
  sources: Sources
  looking: Looking
  receiving: Receiving
  taking: Taking
  health(): Promise<HealthReport>
  restart(): Promise<unknown>
  /** From 0 to 1, spreads boxes over the night. */
  chance?: () => number
}

const slowMs = 4 * 60_000
const sameNightMs = 12 * 3_600_000

/** Installs what is new by itself in the night, where that was asked for and nothing speaks against it. */
export function createNights(deps: NightsDeps) {
  const { agent, events, clock, dataDir, jobs, sources, looking, taking } = deps
  const folder = join(dataDir, 'updates')
  const file = join(folder, 'night.json')
  const place = (deps.chance ?? Math.random)()

  async function kept(): Promise<Night> {
    return (await readKept(file, night)) ?? nothingYet
  }

  async function keep(change: Partial<Night>) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeDurably(file, JSON.stringify({ ...(await kept()), ...change }))
    events.publish('updates/changed', {})
  }

  /** Noted once a night. */
  async function holdBack(message: string) {
    const { heldBack } = await kept()
    const isKnown = heldBack?.message === message && clock.now() - heldBack.at < sameNightMs
    if (!isKnown) await keep({ heldBack: { at: clock.now(), message } })
  }

  const slots = () => agent.call('updates/slots', {}, { timeoutMs: slowMs })

  async function whyNot(): Promise<string | null> {
    const [report, all] = await Promise.all([deps.health(), jobs.list()])
    return whyNotTonight(report, all)
  }

  async function begin({ version }: Offer, running: string) {
    try {
      await taking.take(version, running, {
        begun: () => keep({ tried: version, waits: false }),
        done: () => keep({ waits: true, heldBack: null }),
        failed: holdBack,
      })
    } catch (error) {
      await holdBack(failureRecord(error).message)
    }
  }

  async function installIfOffered(running: string) {
    const offer = await looking.offer(running)
    if (!offer) return
    const { tried, waits, heldBack } = await kept()
    const isDone = tried === offer.version && waits
    // What went wrong is tried again in another night.
    const wasHeldBack = heldBack !== null && clock.now() - heldBack.at < sameNightMs
    if (isDone || wasHeldBack || (await isSomebodyAtIt())) return
    const next = nextOf(await slots())
    if (next?.version === offer.version) return
    if (tried === offer.version) return holdBack(triedBefore(offer.version))
    const problem = next ? anotherWaits : (await deps.receiving.isGiven()) ? somethingGiven : await whyNot()
    if (problem !== null) return holdBack(problem)
    await begin(offer, running)
  }

  async function isSomebodyAtIt() {
    return (await runningJob(jobs, /^updates\/take$/)) !== undefined
  }

  async function restartIfInstalled() {
    const { tried, waits } = await kept()
    if (!waits) return
    // Somebody has started the box again, or installed something else.
    if (nextOf(await slots())?.version !== tried) return keep({ waits: false })
    const problem = await whyNot()
    if (problem !== null) return holdBack(problem)
    await keep({ waits: false, heldBack: null })
    await deps.restart()
  }

  return {
    /** To be asked every few minutes; what is due at that time of the night is done. */
    async turn(running: string) {
      const { address, installsAtNight } = await sources.inForce()
      if (!installsAtNight || address === null) return
      const now = new Date(clock.now())
      if (isInstallingTime(now, place)) await installIfOffered(running)
      else if (isRestartingTime(now)) await restartIfInstalled()
    },
    /** When it will start the box again. */
    async restartAt(): Promise<string | null> {
      const [{ installsAtNight }, { waits }] = await Promise.all([sources.inForce(), kept()])
      return installsAtNight && waits ? nextNight(new Date(clock.now())).toISOString() : null
    },
    /** Somebody takes it into their own hands. */
    async leave() {
      const { waits, heldBack } = await kept()
      if (waits || heldBack) await keep({ waits: false, heldBack: null })
    },
    async shown() {
      const { heldBack } = await kept()
      return heldBack && { at: new Date(heldBack.at).toISOString(), message: heldBack.message }
    },
  }
}

export type Nights = ReturnType<typeof createNights>

function nextOf(known: Slots | null) {
  return known?.slots.find(({ isNext, isBooted }) => isNext && !isBooted)
}

/** What somebody has begun is theirs to end. */
const anotherWaits = 'Another version is installed already, and waits for a restart.'
const somethingGiven = 'An update that somebody has given is on the box.'

function triedBefore(version: string): string {
  return `Version ${version} was installed here before, and is not what runs, so it is not taken by itself once more.`
}
