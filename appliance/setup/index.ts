import type { Request } from 'express'
import type { Domain } from '../lib/domain.ts'
import { Failure } from '../lib/failure.ts'
import { checkInput } from '../lib/operation.ts'
import { createSetupGuard, setupRoutes } from './routes.ts'
import { type SetupDocument, setupDocument } from './schema.ts'
import { createSetupService, type SetupDeps } from './service.ts'
import { createSetupStore } from './store.ts'

export type { SetupDocument } from './schema.ts'

export interface Setup {
  domain: Domain
  isClaimed(): Promise<boolean>
  claimCode(): Promise<string>
  requireSetup(request: Request): Promise<void>
  /** Applies a document without a person: `--setup FILE` and the short options. Waits for the end. */
  applyUnattended(document: unknown): Promise<void>
}

/** First boot: describe, check, apply. The wizard and a file go the same way. */
export function createSetup(deps: Omit<SetupDeps, 'store'> & { isPractice: boolean }): Setup {
  const store = createSetupStore(deps.system.settings)
  const service = createSetupService({ ...deps, store })
  return {
    domain: { name: 'setup', routes: setupRoutes({ ...deps, service, store }) },
    isClaimed: service.isClaimed,
    claimCode: service.claimCode,
    requireSetup: createSetupGuard({ service, store }),
    async applyUnattended(input) {
      const document: SetupDocument = checkInput(setupDocument, input, 'setup/invalid')
      const { id } = await service.apply(document)
      await deps.jobs.finished(id)
      const job = await deps.jobs.get(id)
      if (job.error) throw new Failure('conflict', job.error.code, job.error.message)
    },
  }
}
