import type { Domain } from '../lib/domain.ts'
import { updateChecks } from './checks.ts'
import { updateRoutes } from './routes.ts'
import { createUpdateService, type UpdatesDeps } from './service/index.ts'

export type Updates = ReturnType<typeof createUpdates>

/** How a box that was flashed as an image gets another version, and goes back from one that is not good. */
export function createUpdates(deps: UpdatesDeps) {
  const service = createUpdateService(deps)
  const domain: Domain = {
    name: 'updates',
    routes: updateRoutes(service),
    checks: updateChecks(service),
    start: service.start,
    stop: service.stop,
  }
  return {
    domain,
    requireChangeable: service.requireChangeable,
    isReady: service.isReady,
    isOnTrial: () => service.facts().isOnTrial,
  }
}
