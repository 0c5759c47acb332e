import type { Request, Response } from 'express'
import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { Failure } from '../../lib/failure.ts'
import { plainAddress } from '../parse/address.ts'
import { isForeignPage } from '../parse/origin.ts'
import { sessionReply } from '../schema.ts'
import type { Accounts } from '../service/accounts.ts'
import type { PasswordCheck } from '../service/check.ts'
import type { NewSession, Sessions } from '../service/sessions.ts'
import { cookieName, wrong } from '../service/sign-in.ts'

const credentials = z.strictObject({
  name: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
  remember: z.boolean().default(false),
})

export function sessionRoutes(deps: {
  accounts: Accounts
  sessions: Sessions
  check: PasswordCheck
}): Route[] {
  const { accounts, sessions, check } = deps
  const who = async (name: string) => {
    const user = await accounts.get(name)
    if (!user) throw wrong()
    return { user: { name, displayName: user.displayName, role: user.role } }
  }
  return [
    route({
      method: 'get',
      path: '/session',
      access: 'member',
      tag: 'session',
      summary: 'Who is signed in',
      reply: sessionReply,
      handle: ({ actor }) => who(actor.user),
    }),
    route({
      method: 'post',
      path: '/session',
      access: 'none',
      tag: 'session',
      summary: 'Sign in: sets the session cookie',
      body: credentials,
      reply: sessionReply,
      async handle({ body, request, response }) {
        if (isForeignPage(request.headers)) throw foreignSignIn()
        const name = body.name.trim().toLowerCase()
        const address = plainAddress(request.socket.remoteAddress)
        if (!(await check({ name, password: body.password }, address))) throw wrong()
        setCookie(request, response, await sessions.create(name, body.remember))
        return who(name)
      },
    }),
    route({
      method: 'delete',
      path: '/session',
      access: 'member',
      tag: 'session',
      summary: 'Sign out',
      async handle({ actor, response }) {
        await sessions.end(actor.user, actor.device)
        response.clearCookie(cookieName, { path: '/', httpOnly: true, sameSite: 'lax' })
        return undefined
      },
    }),
  ]
}

function setCookie(request: Request, response: Response, { token, maxAgeMs }: NewSession) {
  const secure = 'encrypted' in request.socket
  const age = maxAgeMs === undefined ? {} : { maxAge: maxAgeMs }
  response.cookie(cookieName, token, { path: '/', httpOnly: true, sameSite: 'lax', secure, ...age })
}

function foreignSignIn(): Failure {
  return new Failure('forbidden', 'auth/cross-site', 'Sign in on the page of this box itself.')
}
