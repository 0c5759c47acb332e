import type { Request } from 'express'
import { z } from 'zod'
import type { Agent } from '../agent/client.ts'
import type { Domain } from '../lib/domain.ts'
import { Failure } from '../lib/failure.ts'
import type { Log } from '../lib/log.ts'
import { checkInput } from '../lib/operation.ts'
import { createSetupGuard, setupRoutes } from './routes.ts'
import { setupDocument } from './schema.ts'
import { createBootPartition } from './service/boot-partition.ts'
import { createSetupService, type SetupDeps } from './service/index.ts'
import { createSetupStore, type SetupStore } from './store.ts'

export type { SetupDocument } from './schema.ts'

export interface Setup {
  domain: Domain
  isClaimed(): Promise<boolean>
  claim: SetupStore['claim']
  claimCode(): Promise<string>
  requireSetup(request: Request): Promise<void>
  /**
   * Sets the box up without a person and waits for the end: a document (`--setup FILE`), or the short form, which
   * means a pool over all practice disks, the share `shared` that every account may write, and the administrator.
   */
  applyUnattended(given: unknown): Promise<void>
  /** On the image: the setup file on the boot partition is applied, and the claim code shown there and on the console. */
  attendBoot(): Promise<void>
}

const unattended = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('document'), document: z.unknown() }),
  z.object({
    kind: z.literal('short'),
    admin: z.object({ name: z.string(), password: z.string() }),
    profile: z.string().nullable(),
  }),
])

/** First boot: describe, check, apply. The wizard and a file go the same way. */
export function createSetup(
  deps: Omit<SetupDeps, 'store'> & { agent: Agent; log: Log; isPractice: boolean },
): Setup {
  const { jobs, storage } = deps
  const store = createSetupStore(deps.system.settings)
  const service = createSetupService({ ...deps, store })

  async function documentOf(given: z.infer<typeof unattended>): Promise<unknown> {
    if (given.kind === 'document') return given.document
    const { admin, profile } = given
    const disks = (await storage.disks())
      .filter(disk => disk.isPractice && disk.isOffered)
      .map(disk => disk.serial)
    // Without disks of its own, Cairn has made a pool of one folder already.
    const pool = disks.length === 0 ? null : { name: 'pool', profile: profile ?? 'single', disks }
    return { admin, pool, erase: disks, shares: [{ name: 'shared', everyone: 'write' }] }
  }

  async function applyUnattended(given: unknown) {
    const wanted = checkInput(unattended, given, 'setup/invalid')
    const document = checkInput(setupDocument, await documentOf(wanted), 'setup/invalid')
    const { id } = await service.apply(document)
    await jobs.finished(id)
    const { error } = await jobs.get(id)
    if (error) throw new Failure('conflict', error.code, error.message)
  }

  const boot = createBootPartition({
    ...deps,
    service,
    apply: document => applyUnattended({ kind: 'document', document }),
  })

  return {
    domain: { name: 'setup', routes: setupRoutes({ ...deps, service, store }) },
    isClaimed: service.isClaimed,
    claim: store.claim,
    claimCode: service.claimCode,
    requireSetup: createSetupGuard({ service, store }),
    applyUnattended,
    attendBoot: boot.attend,
  }
}
