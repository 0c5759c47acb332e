import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { confirmation, home } from '../schema.ts'
import type { Homes } from '../service/homes.ts'

export function homeRoutes(homes: Homes): Route[] {
  const shared = { access: 'admin', tag: 'shares' } as const
  return [
    route({
      ...shared,
      method: 'get',
      path: '/homes',
      summary: 'The homes, those of former accounts among them',
      reply: z.array(home),
      handle: () => homes.list(),
    }),
    route({
      ...shared,
      method: 'delete',
      path: '/homes/{user}',
      summary: 'Delete what a former account left behind',
      params: z.object({ user: z.string().max(64) }),
      body: confirmation,
      async handle({ params, body }) {
        await homes.removeOrphan(params.user, body.confirm)
        return undefined
      },
    }),
  ]
}
