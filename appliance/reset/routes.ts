import { route } from '../http/route.ts'
import type { Users } from '../users/index.ts'
import { resetPlan, resetRequest } from './schema.ts'
import type { ResetService } from './service.ts'

const admin = { access: 'admin', tag: 'reset' } as const

export function resetRoutes({
  reset,
  users,
}: {
  reset: ResetService
  users: Pick<Users, 'requirePresence'>
}) {
  return [
    route({
      ...admin,
      method: 'get',
      path: '/reset',
      summary: 'What a factory reset would take, and what has to be typed for it',
      reply: resetPlan,
      handle: () => reset.plan(),
    }),
    route({
      ...admin,
      method: 'post',
      path: '/reset',
      summary:
        'Back to the first boot: all settings go; files stay, unless their pool is named under `erase`',
      body: resetRequest,
      status: 202,
      async handle({ actor, body: { password, ...wanted }, request, response }) {
        await users.requirePresence(actor, password, request.socket.remoteAddress, 'password')
        await reset.begin(wanted)
        // Who asked is answered first.
        response.once('close', () => void reset.restart())
        return undefined
      },
    }),
  ]
}
