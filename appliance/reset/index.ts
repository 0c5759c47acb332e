import type { Domain } from '../lib/domain.ts'
import type { Users } from '../users/index.ts'
import { resetRoutes } from './routes.ts'
import { createResetService, type ResetDeps } from './service.ts'

/** How a box goes back to its first boot, with the files kept or erased by choice. */
export function createReset({ users, ...deps }: ResetDeps & { users: Pick<Users, 'requirePresence'> }): {
  domain: Domain
} {
  const reset = createResetService(deps)
  return { domain: { name: 'reset', routes: resetRoutes({ reset, users }) } }
}
