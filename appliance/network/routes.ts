import { z } from 'zod'
import { type Actor, type Route, route } from '../http/route.ts'
import { Failure } from '../lib/failure.ts'
import { certificateInfo, sshKey, sshState } from './schema.ts'
import type { Certificates } from './service/certificates.ts'
import type { Plain } from './service/plain.ts'
import type { Ssh } from './service/ssh.ts'

export interface NetworkRouteDeps {
  certificates: Certificates
  plain: Plain
  ssh: Ssh
  hostName(): string
  /** Throws where who asks has signed in by less than the password of the account. */
  requirePassword(actor: Actor): void
}

export function networkRoutes({ certificates, plain, hostName, ...deps }: NetworkRouteDeps): Route[] {
  const anybody = { access: 'none', tag: 'network' } as const
  return [
    route({
      ...anybody,
      method: 'get',
      path: '/network/certificate',
      summary: 'The certificate of this box, and the authority behind it',
      reply: certificateInfo,
      handle: () => certificates.info() ?? none(),
    }),
    route({
      ...anybody,
      method: 'get',
      path: '/network/authority.crt',
      summary: 'The authority of this box (PEM), for installing it',
      streams: 'response',
      async handle({ response }) {
        const { authority } = certificates.current() ?? none()
        response
          .status(200)
          .set({
            'Content-Type': 'application/x-x509-ca-cert',
            'Content-Disposition': `attachment; filename="${hostName()}.crt"`,
            'Cache-Control': 'no-store',
          })
          .send(Buffer.from(authority))
        return undefined
      },
    }),
    route({
      method: 'put',
      path: '/network/plain',
      access: 'admin',
      tag: 'network',
      summary: 'Whether programs are served over HTTP as well, where HTTPS is required',
      body: z.strictObject({ isAllowed: z.boolean() }),
      async handle({ body }) {
        await plain.allow(body.isAllowed)
        return undefined
      },
    }),
    ...sshRoutes(deps),
  ]
}

/** Whoever comes in by ssh is root, so it takes more than a password that an app has. */
function sshRoutes({ ssh, requirePassword }: Pick<NetworkRouteDeps, 'ssh' | 'requirePassword'>): Route[] {
  const admin = { access: 'admin', tag: 'network' } as const
  return [
    route({
      ...admin,
      method: 'get',
      path: '/network/ssh',
      summary: 'Whether and by which keys somebody may come in by ssh',
      reply: sshState,
      handle: () => ssh.state(),
    }),
    route({
      ...admin,
      method: 'put',
      path: '/network/ssh',
      summary: 'Lets these keys in by ssh, as root, or does not',
      body: z.strictObject({ isOn: z.boolean() }),
      async handle({ actor, body }) {
        requirePassword(actor)
        await ssh.set(body.isOn)
        return undefined
      },
    }),
    route({
      ...admin,
      method: 'post',
      path: '/network/ssh/keys',
      summary: 'Adds a public key: the line of its file .pub',
      body: z.strictObject({ key: z.string().max(16_384) }),
      reply: sshKey,
      status: 201,
      handle({ actor, body }) {
        requirePassword(actor)
        return ssh.add(body.key)
      },
    }),
    route({
      ...admin,
      method: 'delete',
      path: '/network/ssh/keys/{id}',
      summary: 'Removes a public key',
      params: z.object({ id: z.string().max(64) }),
      async handle({ actor, params }) {
        requirePassword(actor)
        await ssh.remove(params.id)
        return undefined
      },
    }),
  ]
}

function none(): never {
  throw new Failure('unavailable', 'network/no-certificate', 'This box has no certificate.')
}
