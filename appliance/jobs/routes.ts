import { z } from 'zod'
import { type Route, route } from '../http/route.ts'
import { job } from './schema.ts'
import type { Jobs } from './service.ts'

const params = z.object({ id: z.string().max(64) })

export function jobRoutes(jobs: Jobs): Route[] {
  return [
    route({
      method: 'get',
      path: '/jobs',
      access: 'admin',
      summary: 'Long work, the newest first',
      tag: 'jobs',
      reply: z.array(job),
      handle: () => jobs.list(),
    }),
    route({
      method: 'get',
      path: '/jobs/{id}',
      access: 'admin',
      summary: 'How far one job is',
      tag: 'jobs',
      params,
      reply: job,
      handle: ({ params }) => jobs.get(params.id),
    }),
    route({
      method: 'delete',
      path: '/jobs/{id}',
      access: 'admin',
      summary: 'Cancel a job',
      tag: 'jobs',
      params,
      async handle({ params }) {
        await jobs.cancel(params.id)
        return undefined
      },
    }),
  ]
}
