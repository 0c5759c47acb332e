import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { newUser, password, user, userChange } from '../schema.ts'
import type { Accounts } from '../service/accounts.ts'
import type { RequirePassword } from '../service/presence.ts'
import { sessionIdOf } from '../service/sessions.ts'
import { noAccount } from '../store/accounts.ts'
import { requireAdmin, requireMoreThanAppPassword, requireSelfOrAdmin } from './access.ts'

const params = z.object({ name: z.string().max(64) })
const removal = z.strictObject({
  home: z.enum(['keep', 'delete']).default('keep').describe('What becomes of the files in the home.'),
})
const creation = newUser.extend({
  pool: z.string().max(64).optional().describe('Where the home goes; absent: the first pool.'),
  takesHome: z
    .boolean()
    .default(false)
    .describe('The files that a former account of this name has left become its home.'),
})
const passwordChange = z.strictObject({
  password,
  current: z.string().max(256).optional().describe('The present password; needed for one’s own.'),
})

interface UserRouteDeps {
  accounts: Accounts
  requirePassword: RequirePassword
}

export function userRoutes({ accounts, requirePassword }: UserRouteDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/users',
      access: 'admin',
      tag: 'users',
      summary: 'All accounts',
      reply: z.array(user),
      handle: () => accounts.list(),
    }),
    route({
      method: 'post',
      path: '/users',
      access: 'admin',
      tag: 'users',
      summary: 'Create an account and its home',
      body: creation,
      reply: user,
      status: 201,
      handle({ actor, body: { pool, takesHome, ...account } }) {
        if (account.role === 'admin') requireMoreThanAppPassword(actor)
        return accounts.create(account, { pool, takesHome })
      },
    }),
    route({
      method: 'get',
      path: '/users/{name}',
      access: 'member',
      tag: 'users',
      summary: 'One account',
      params,
      reply: user,
      async handle({ actor, params }) {
        requireSelfOrAdmin(actor, params.name)
        const found = await accounts.get(params.name)
        if (!found) throw noAccount(params.name)
        return found
      },
    }),
    route({
      method: 'patch',
      path: '/users/{name}',
      access: 'member',
      tag: 'users',
      summary: 'Change the shown name, or (administrators) the role',
      params,
      body: userChange,
      reply: user,
      handle({ actor, params, body }) {
        requireSelfOrAdmin(actor, params.name)
        if (body.role !== undefined) requireAdmin(actor)
        if (body.role === 'admin') requireMoreThanAppPassword(actor)
        return accounts.update(params.name, body)
      },
    }),
    route({
      method: 'delete',
      path: '/users/{name}',
      access: 'admin',
      tag: 'users',
      summary: 'Delete an account; its home stays unless `home=delete`',
      params,
      query: removal,
      async handle({ params, query }) {
        await accounts.remove(params.name, { isHomeDeleted: query.home === 'delete' })
        return undefined
      },
    }),
    route({
      method: 'put',
      path: '/users/{name}/password',
      access: 'member',
      tag: 'users',
      summary: 'Set a password; it also holds for SMB, and ends the account’s sessions',
      params,
      body: passwordChange,
      async handle({ actor, params: { name }, body, request }) {
        requireSelfOrAdmin(actor, name)
        requireMoreThanAppPassword(actor)
        if (actor.user === name) await requirePassword(actor, body.current, request.socket.remoteAddress)
        const keptSession = actor.user === name ? sessionIdOf(actor.device) : undefined
        await accounts.setPassword(name, body.password, { keptSession })
        return undefined
      },
    }),
  ]
}
