import { parseCookie } from 'cookie'
import type { Request } from 'express'
import { z } from 'zod'
import { type Route, route } from '../http/route.ts'
import { type Jobs, job } from '../jobs/index.ts'
import { Failure } from '../lib/failure.ts'
import {
  disk,
  foundPool,
  optionsRequest,
  poolOption,
  poolPlan,
  poolRequest,
  type Storage,
} from '../storage/index.ts'
import type { System } from '../system/index.ts'
import { setupDocument, setupProblem, setupState } from './schema.ts'
import type { SetupService } from './service/index.ts'
import type { SetupStore } from './store.ts'

const cookieName = 'cairn-setup'

export interface SetupRouteDeps {
  service: SetupService
  store: SetupStore
  storage: Storage
  jobs: Jobs
  system: System
  isPractice: boolean
}

/** Throws unless the request carries the ticket of an unlocked, unclaimed box. */
export function createSetupGuard({ service, store }: Pick<SetupRouteDeps, 'service' | 'store'>) {
  return async (request: Request): Promise<void> => {
    if (await service.isClaimed())
      throw new Failure('conflict', 'setup/claimed', 'This box is set up already. Sign in instead.')
    if (!(await hasTicket(store, request)))
      throw new Failure('unauthenticated', 'setup/locked', 'Enter the claim code first.')
  }
}

export function setupRoutes({ service, store, storage, jobs, system, isPractice }: SetupRouteDeps): Route[] {
  const shared = { tag: 'setup', access: 'setup' } as const
  return [
    route({
      method: 'get',
      path: '/setup',
      access: 'none',
      tag: 'setup',
      summary: 'Is this box claimed, and where does its setup stand',
      reply: setupState,
      async handle({ request }) {
        const isUnlocked = await hasTicket(store, request)
        const draft = isUnlocked ? await store.draft() : null
        return {
          isClaimed: await service.isClaimed(),
          isUnlocked,
          isPractice,
          hostName: system.name(),
          draft,
        }
      },
    }),
    route({
      method: 'post',
      path: '/setup/unlock',
      access: 'none',
      tag: 'setup',
      summary: 'Trade the claim code for a setup session',
      body: z.strictObject({ code: z.string().max(40) }),
      async handle({ body, request, response }) {
        const ticket = await service.unlock(body.code, request.socket.remoteAddress ?? '')
        response.cookie(cookieName, ticket, { httpOnly: true, sameSite: 'strict', path: '/api/v1/setup' })
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/setup/disks',
      summary: 'The disks of this box',
      reply: z.array(disk),
      handle: () => storage.disks(),
    }),
    route({
      ...shared,
      method: 'get',
      path: '/setup/pools',
      summary: 'Pools that lie on these disks already, and can be taken in as they are',
      reply: z.array(foundPool),
      handle: () => storage.found(),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/setup/options',
      summary: 'What these disks can become',
      body: optionsRequest,
      reply: z.array(poolOption),
      handle: ({ body }) => storage.options(body.disks),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/setup/plan',
      summary: 'What creating this pool would do',
      body: poolRequest,
      reply: poolPlan,
      handle: ({ body }) => storage.plan(body),
    }),
    route({
      ...shared,
      method: 'put',
      path: '/setup/draft',
      summary: 'Keep what was entered so far (never passwords)',
      body: z.record(z.string().max(40), z.unknown()),
      async handle({ body }) {
        await store.setDraft(withoutPasswords(body))
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: '/setup/check',
      summary: 'Would this document be accepted',
      body: setupDocument,
      reply: z.object({ problems: z.array(setupProblem), plan: poolPlan.nullable() }),
      handle: ({ body }) => service.check(body),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/setup/apply',
      summary: 'Set this box up',
      body: setupDocument,
      status: 202,
      reply: z.object({ job: z.string() }),
      handle: async ({ body }) => ({ job: (await service.apply(body)).id }),
    }),
    route({
      method: 'get',
      path: '/setup/progress',
      access: 'none',
      tag: 'setup',
      summary: 'How far applying is; answers also after the claim',
      reply: job.nullable(),
      async handle({ request }) {
        if (!(await hasTicket(store, request)))
          throw new Failure('unauthenticated', 'setup/locked', 'Enter the claim code first.')
        const id = await store.jobId()
        return id === null ? null : jobs.get(id)
      },
    }),
  ]
}

async function hasTicket(store: SetupStore, request: Request): Promise<boolean> {
  const ticket = parseCookie(request.headers.cookie ?? '')[cookieName]
  return ticket !== undefined && (await store.isTicket(ticket))
}

function withoutPasswords(value: unknown): Record<string, unknown> {
  const text = JSON.stringify(value, (key, inner: unknown) =>
    /password|code|secret/i.test(key) ? undefined : inner,
  )
  return JSON.parse(text)
}
