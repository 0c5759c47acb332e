import type { Clock } from '../lib/clock.ts'
import type { Database } from '../lib/database.ts'
import type { Domain } from '../lib/domain.ts'
import type { Events } from '../lib/events.ts'
import type { Log } from '../lib/log.ts'
import { jobRoutes } from './routes.ts'
import { createJobService, type Jobs as Service } from './service.ts'
import { createJobStore, jobMigrations } from './store.ts'

export { type Job, job } from './schema.ts'
export { type JobSpec, runningJob } from './service.ts'
export { jobMigrations }

export interface Jobs extends Service {
  domain: Domain
}

/** Work that outlives a request: its progress, its end, and cancelling it from any process. */
export function createJobs(deps: { database: Database; events: Events; clock: Clock; log: Log }): Jobs {
  const service = createJobService({ ...deps, store: createJobStore(deps.database) })
  const domain: Domain = {
    name: 'jobs',
    migrations: jobMigrations,
    routes: jobRoutes(service),
    start: service.endForgotten,
    stop: service.stop,
  }
  return { ...service, domain }
}
