import type { Agent } from '../../agent/client.ts'
import type { JobSpec, Jobs } from '../../jobs/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import type { Measurements } from '../schema/index.ts'
import type { TuningStore } from '../store.ts'
import { refuseTwo } from './busy.ts'
import { orCancelled } from './cancelled.ts'
import { loopbackSpeed } from './loopback.ts'
import { fingerprintOf, type Planning } from './plan.ts'
import { cipherSpeeds, compressionSpeeds, hashSpeeds, memorySpeed } from './speeds.ts'

export interface CalibrationDeps {
  agent: Agent
  planning: Planning
  store: TuningStore
  jobs: Pick<Jobs, 'start' | 'list'>
  events: Events
  clock: Clock
}

export interface Calibration {
  start(): Promise<{ id: string }>
}

type Context = Parameters<JobSpec['run']>[0]

/** Each pool takes up to fifteen seconds. */
const mostPools = 2

/** Measures what the plan needs figures for. Requests are answered meanwhile. */
export function createCalibration(deps: CalibrationDeps): Calibration {
  const { agent, planning, store, jobs, events, clock } = deps

  async function measure({ report, signal }: Context) {
    const startedAt = clock.now()
    const { facts } = await planning.look()
    const say = (fraction: number, message: string) => report({ fraction, message })
    say(0, 'Measuring ciphers')
    const ciphers = await cipherSpeeds(signal)
    say(0.15, 'Measuring checksums')
    const hashes = await hashSpeeds(signal)
    say(0.25, 'Measuring compression')
    const compression = await compressionSpeeds(signal)
    say(0.45, 'Measuring memory')
    const memoryMbPerSecond = await memorySpeed(signal)
    const loopbackMbPerSecond = await loopbackSpeed(signal)
    const pools = await poolSpeeds(facts.pools, { report, signal })
    await store.keep({
      takenAt: new Date(startedAt).toISOString(),
      machine: fingerprintOf(facts),
      tookMs: clock.now() - startedAt,
      ciphers,
      hashes,
      compression,
      memoryMbPerSecond,
      loopbackMbPerSecond,
      pools,
    })
    events.publish('tuning/changed', {})
  }

  async function poolSpeeds(pools: readonly { name: string }[], { report, signal }: Context) {
    const found: Measurements['pools'] = []
    for (const [index, { name }] of pools.slice(0, mostPools).entries()) {
      report({ fraction: 0.5 + (index / mostPools) * 0.5, message: `Measuring the pool ${name}` })
      const speed = await agent.call('tuning/measure-pool', { pool: name }, { signal })
      if (speed) found.push({ name, ...speed })
    }
    return found
  }

  return {
    async start() {
      await refuseTwo(jobs)
      return jobs.start({
        kind: 'tuning/calibrate',
        title: 'Measuring this box',
        run: context => orCancelled(context.signal, () => measure(context)),
      })
    },
  }
}
