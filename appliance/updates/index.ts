import type { Domain } from '../lib/domain.ts'
import { updateRoutes } from './routes.ts'
import { createUpdateService, type UpdatesDeps } from './service/index.ts'

export type Updates = ReturnType<typeof createUpdates>

/** How a box that was flashed as an image gets another version, and goes back from one that is not good. */
export function createUpdates(deps: UpdatesDeps) {
  const service = createUpdateService(deps)
  const domain: Domain = {
    name: 'updates',
    routes: updateRoutes(service),
    checks: [
      async () =>
        service.facts().isOnTrial
          ? [
              {
                code: 'updates/on-trial',
                severity: 'warning',
                title: `Version ${service.facts().version} is on trial`,
                detail: 'For some minutes settings cannot be changed. Files are not affected.',
                suggestions: [{ label: 'Wait, or see This box, Updates', href: '/updates' }],
              },
            ]
          : [],
    ],
    start: service.start,
    stop: service.stop,
  }
  return { domain, requireChangeable: service.requireChangeable, isReady: service.isReady }
}
