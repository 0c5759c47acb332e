import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { group, groupChange, newGroup } from '../schema.ts'
import type { Groups } from '../service/groups.ts'

const params = z.object({ name: z.string().max(64) })

export function groupRoutes(groups: Groups): Route[] {
  const shared = { access: 'admin', tag: 'users' } as const
  return [
    route({
      ...shared,
      method: 'get',
      path: '/groups',
      summary: 'All groups and their members',
      reply: z.array(group),
      handle: () => groups.list(),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/groups',
      summary: 'Create a group',
      body: newGroup,
      reply: group,
      status: 201,
      handle: ({ body }) => groups.create(body),
    }),
    route({
      ...shared,
      method: 'patch',
      path: '/groups/{name}',
      summary: 'Say who is in a group',
      params,
      body: groupChange,
      reply: group,
      handle: ({ params, body }) => groups.setMembers(params.name, body.members),
    }),
    route({
      ...shared,
      method: 'delete',
      path: '/groups/{name}',
      summary: 'Delete a group, and the grants it had',
      params,
      async handle({ params }) {
        await groups.remove(params.name)
        return undefined
      },
    }),
  ]
}
