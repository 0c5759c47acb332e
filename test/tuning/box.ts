import type { ExecutionContext } from 'ava'
import { createJobs, type Jobs } from '../../appliance/jobs/index.ts'
import { type Database, migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createEvents, type Events } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import {
  createTuning,
  type KnownPool,
  type Settable,
  type Tuning,
  type TuningDeps,
} from '../../appliance/tuning/index.ts'
import { sambaDefaults } from '../../appliance/tuning/parse/samba.ts'
import type { Wellbeing } from '../../appliance/tuning/plan/fall.ts'
import type { RawFacts, SyncTimes } from '../../appliance/tuning/schema/index.ts'
import { fakeClock } from '../helpers/people.ts'
import { tempFolder } from '../helpers/temp.ts'
import { tunedByHand } from '../helpers/tuned-by-hand.ts'
import { type FakeAgent, type FakeMachine, fakeMachine } from './fake-machine.ts'

export interface TuningBox {
  machine: FakeMachine
  agent: FakeAgent
  tuning: Tuning
  jobs: Jobs
  database: Database
  databasePath: string
  /** The tuning of another server process on the same settings. */
  another(): Promise<Tuning>
  events: Events
  /** So much time goes by, and what was put off until then has been done. */
  passes(ms: number): Promise<void>
  /** Whether something is put off. */
  isPuttingOff(): boolean
  /** How the box is from now on. */
  becomes(wellbeing: Wellbeing): void
  /** Called at each look at the health while a group is watched; the look waits for it. */
  whileWatched(act: (look: number) => unknown): void
  /** How long the pools take to write from now on. */
  poolsTake(times: SyncTimes): void
  /** The job's last message and end. */
  ended(
    id: string,
  ): Promise<{ state: string; message: string; error: { code: string; message: string } | null }>
}

export const well: Wellbeing = { state: 'ok', issues: [] }

export interface TuningBoxOptions {
  parts?: Record<string, Settable>
  automatic?: Partial<TuningDeps['automatic']>
  /** Of another machine than the folder that stands for one. */
  agent?: FakeAgent
  /** What another process has left. */
  from?: { machine: FakeMachine; databasePath: string }
}

export async function tuningBox(
  t: Pick<ExecutionContext, 'teardown'>,
  pools: KnownPool[] = [],
  { parts = {}, automatic = {}, agent: given, from }: TuningBoxOptions = {},
): Promise<TuningBox> {
  const machine = from?.machine ?? (await fakeMachine(t))
  const agent = given ?? withPools(await machine.agent(), () => times)
  const events = createEvents()
  const clock = fakeClock()
  const later = fakeLater(clock)
  const databasePath = from?.databasePath ?? `${await tempFolder(t)}/cairn.db`
  const database = await openDatabase(databasePath)
  const jobs = createJobs({ database, events, clock, log: silentLog })
  let wellbeing = well
  let looks = 0
  let times: SyncTimes | null = null
  let act: (look: number) => unknown = () => undefined
  const deps: TuningDeps = {
    database,
    agent,
    events,
    jobs,
    clock,
    log: silentLog,
    version: '1.2.3',
    pools: async () => pools,
    parts: async () => parts,
    automatic: { ...tunedByHand, ...automatic },
    later: later.later,
    health: async () => wellbeing,
    async wait(ms, signal) {
      clock.advance(ms)
      await act(++looks)
      // What was just done here is seen before time goes on.
      await new Promise(resolve => setImmediate(resolve))
      signal.throwIfAborted()
    },
  }
  const tuning = createTuning(deps)
  await migrateDatabase(database, [...(jobs.domain.migrations ?? []), ...(tuning.domain.migrations ?? [])])
  t.teardown(async () => {
    await tuning.domain.stop?.()
    await jobs.domain.stop?.()
    await agent.stop()
    await database.destroy()
  })
  return {
    machine,
    agent,
    tuning,
    jobs,
    database,
    databasePath,
    passes: later.passes,
    isPuttingOff: later.isPuttingOff,
    async another() {
      const other = createTuning(deps)
      await other.domain.start?.()
      return other
    },
    events,
    becomes(next) {
      wellbeing = next
    },
    whileWatched(next) {
      act = next
    },
    poolsTake(next) {
      times = next
    },
    async ended(id) {
      await jobs.finished(id)
      return jobs.get(id)
    },
  }
}

/** What is put off is done when the clock has been moved on so far. */
function fakeLater(clock: ReturnType<typeof fakeClock>) {
  const putOff = new Set<{ at: number; act: () => unknown }>()
  return {
    later(ms: number, act: () => unknown) {
      const one = { at: clock.now() + ms, act }
      putOff.add(one)
      return () => void putOff.delete(one)
    },
    async passes(ms: number) {
      clock.advance(ms)
      for (const one of [...putOff].filter(({ at }) => at <= clock.now())) {
        putOff.delete(one)
        await one.act()
      }
    },
    isPuttingOff: () => putOff.size > 0,
  }
}

/** As Samba 4.17 prints it. */
const sambaSays = [
  '\tserver multi channel support = Yes',
  '\tserver smb3 encryption algorithms = AES-128-GCM, AES-128-CCM, AES-256-GCM, AES-256-CCM',
  '\tserver smb3 signing algorithms = AES-128-GMAC, AES-128-CMAC, HMAC-SHA256',
  '\taio read size = 1',
  '\taio write size = 1',
].join('\n')

export function withSamba(raw: RawFacts): RawFacts {
  return { ...raw, printed: { ...raw.printed, [sambaDefaults.join(' ')]: sambaSays } }
}

/** Pools that write as fast as the test says; without such a word they are away. */
function withPools(agent: FakeAgent, times: () => SyncTimes | null): FakeAgent {
  const call = async (name: string, input: unknown, options: unknown) => {
    const fsyncMs = times()
    if (name === 'tuning/facts') return withSamba(await agent.call('tuning/facts', {}))
    if (name === 'tuning/probe-pool') return fsyncMs
    if (name === 'tuning/measure-pool') return fsyncMs && { writeMbPerSecond: 5000, fsyncMs }
    return agent.call(name as never, input as never, options as never)
  }
  return { ...agent, call: call as unknown as FakeAgent['call'] }
}
