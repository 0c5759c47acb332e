import type { ExecutionContext } from 'ava'
import { createJobs, type Jobs } from '../../appliance/jobs/index.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createEvents, type Events } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createTuning, type KnownPool, type Tuning } from '../../appliance/tuning/index.ts'
import type { Wellbeing } from '../../appliance/tuning/plan/fall.ts'
import type { SyncTimes } from '../../appliance/tuning/schema/index.ts'
import { fakeClock } from '../helpers/people.ts'
import { tempFolder } from '../helpers/temp.ts'
import { type FakeAgent, type FakeMachine, fakeMachine } from './fake-machine.ts'

export interface TuningBox {
  machine: FakeMachine
  agent: FakeAgent
  tuning: Tuning
  jobs: Jobs
  events: Events
  /** How the box is from now on. */
  becomes(wellbeing: Wellbeing): void
  /** Called at each look at the health while a group is watched. */
  whileWatched(act: (look: number) => void): void
  /** How long the pools take to write from now on. */
  poolsTake(times: SyncTimes): void
  /** The job's last message and end. */
  ended(
    id: string,
  ): Promise<{ state: string; message: string; error: { code: string; message: string } | null }>
}

export const well: Wellbeing = { state: 'ok', issues: [] }

export async function tuningBox(t: ExecutionContext, pools: KnownPool[] = []): Promise<TuningBox> {
  const machine = await fakeMachine(t)
  const agent = withPools(await machine.agent(), () => times)
  const events = createEvents()
  const clock = fakeClock()
  const database = await openDatabase(`${await tempFolder(t)}/cairn.db`)
  const jobs = createJobs({ database, events, clock, log: silentLog })
  let wellbeing = well
  let looks = 0
  let times: SyncTimes | null = null
  let act: (look: number) => void = () => undefined
  const tuning = createTuning({
    database,
    agent,
    events,
    jobs,
    clock,
    log: silentLog,
    version: '1.2.3',
    pools: async () => pools,
    health: async () => wellbeing,
    async wait(ms, signal) {
      clock.advance(ms)
      act(++looks)
      // What was just done here is seen before time goes on.
      await new Promise(resolve => setImmediate(resolve))
      signal.throwIfAborted()
    },
  })
  await migrateDatabase(database, [...(jobs.domain.migrations ?? []), ...(tuning.domain.migrations ?? [])])
  t.teardown(async () => {
    await jobs.domain.stop?.()
    await agent.stop()
    await database.destroy()
  })
  return {
    machine,
    agent,
    tuning,
    jobs,
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

/** Pools that write as fast as the test says; without such a word they are away. */
function withPools(agent: FakeAgent, times: () => SyncTimes | null): FakeAgent {
  const call = async (name: string, input: unknown, options: unknown) => {
    const fsyncMs = times()
    if (name === 'tuning/probe-pool') return fsyncMs
    if (name === 'tuning/measure-pool') return fsyncMs && { writeMbPerSecond: 5000, fsyncMs }
    return agent.call(name as never, input as never, options as never)
  }
  return { ...agent, call: call as unknown as FakeAgent['call'] }
}
