import { setTimeout as delay } from 'node:timers/promises'
import type { Job } from '../../appliance/jobs/schema.ts'
import type { TuningReport } from '../../appliance/tuning/index.ts'
import type { Peer } from './load.ts'

export type Ask = (method: string, path: string) => Promise<unknown>

/** REST of a running Cairn. */
export function askFor({ url, authorization = '' }: Peer): Ask {
  return async (method, path) => {
    const answer = await fetch(new URL(`/api/v1${path}`, url), { method, headers: { authorization } })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
}

/** The plan for this machine, once it has been measured. */
export async function measured(ask: Ask): Promise<TuningReport> {
  const { job } = (await ask('POST', '/tuning/calibrate')) as { job: string }
  for (;;) {
    const { state, error } = (await ask('GET', `/jobs/${job}`)) as Job
    if (state === 'done') return (await ask('GET', '/tuning')) as TuningReport
    if (state !== 'running') throw new Error(`measuring ended as ${state}: ${error?.message ?? ''}`)
    await delay(250)
  }
}
