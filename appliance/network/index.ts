import { route } from '../http/route.ts'
import type { Domain } from '../lib/domain.ts'
import { Failure } from '../lib/failure.ts'
import { certificateInfo } from './schema.ts'
import { type CertificatesDeps, createCertificates } from './service.ts'

export type { Credentials } from './schema.ts'
export { authorityPath } from './service.ts'

export type Network = ReturnType<typeof createNetwork>

/** How the box is reached: the certificate of its HTTPS, and the authority behind it. */
export function createNetwork(deps: CertificatesDeps) {
  const certificates = createCertificates(deps)
  const domain: Domain = {
    name: 'network',
    routes: [
      route({
        method: 'get',
        path: '/network/certificate',
        access: 'none',
        summary: 'The certificate of this box, and the authority behind it',
        tag: 'network',
        reply: certificateInfo,
        handle: () => certificates.info() ?? none(),
      }),
      route({
        method: 'get',
        path: '/network/authority.crt',
        access: 'none',
        summary: 'The authority of this box (PEM), for installing it',
        tag: 'network',
        streams: 'response',
        async handle({ response }) {
          const { authority } = certificates.current() ?? none()
          response
            .status(200)
            .set({
              'Content-Type': 'application/x-x509-ca-cert',
              'Content-Disposition': `attachment; filename="${deps.hostName()}.crt"`,
              'Cache-Control': 'no-store',
            })
            .send(Buffer.from(authority))
          return undefined
        },
      }),
    ],
    checks: [
      async () =>
        !deps.https || certificates.current()
          ? []
          : [
              {
                code: 'network/no-certificate',
                severity: 'warning' as const,
                title: 'There is no HTTPS',
                detail: 'No certificate could be made for this box.',
                suggestions: [
                  { label: 'See whether the program openssl is installed, and start Cairn again.' },
                ],
              },
            ],
    ],
  }
  return { domain, certificates }
}

function none(): never {
  throw new Failure('unavailable', 'network/no-certificate', 'This box has no certificate.')
}
