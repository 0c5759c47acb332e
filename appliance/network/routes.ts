import { z } from 'zod'
import { type Route, route } from '../http/route.ts'
import { Failure } from '../lib/failure.ts'
import { certificateInfo } from './schema.ts'
import type { Certificates } from './service/certificates.ts'
import type { Plain } from './service/plain.ts'

export interface NetworkRouteDeps {
  certificates: Certificates
  plain: Plain
  hostName(): string
}

export function networkRoutes({ certificates, plain, hostName }: NetworkRouteDeps): Route[] {
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
  ]
}

function none(): never {
  throw new Failure('unavailable', 'network/no-certificate', 'This box has no certificate.')
}
