import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { appPassword, label } from '../schema.ts'
import type { Accounts } from '../service/accounts.ts'
import type { AppPasswords } from '../service/app-passwords.ts'
import { noAccount } from '../store/accounts.ts'
import { requireMoreThanAppPassword, requireSelfOrAdmin } from './access.ts'

const params = z.object({ name: z.string().max(64) })
const one = params.extend({ id: z.string().max(64) })

export function appPasswordRoutes(deps: { accounts: Accounts; appPasswords: AppPasswords }): Route[] {
  const { accounts, appPasswords } = deps
  const shared = { access: 'member', tag: 'users' } as const
  const requireAccount = async (name: string) => {
    if (!(await accounts.get(name))) throw noAccount(name)
  }
  return [
    route({
      ...shared,
      method: 'get',
      path: '/users/{name}/app-passwords',
      summary: 'The app passwords of an account, without the secrets',
      params,
      reply: z.array(appPassword),
      async handle({ actor, params }) {
        requireSelfOrAdmin(actor, params.name)
        await requireAccount(params.name)
        return appPasswords.list(params.name)
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: '/users/{name}/app-passwords',
      summary: 'Make an app password; it is shown this once',
      params,
      body: z.strictObject({ label }),
      reply: z.object({ id: z.string(), label: z.string(), password: z.string() }),
      status: 201,
      async handle({ actor, params, body }) {
        requireSelfOrAdmin(actor, params.name)
        requireMoreThanAppPassword(actor)
        await requireAccount(params.name)
        return appPasswords.create(params.name, body.label)
      },
    }),
    route({
      ...shared,
      method: 'delete',
      path: '/users/{name}/app-passwords/{id}',
      summary: 'Revoke an app password at once',
      params: one,
      async handle({ actor, params }) {
        requireSelfOrAdmin(actor, params.name)
        await appPasswords.remove(params.name, params.id)
        return undefined
      },
    }),
  ]
}
