import type { Domain } from '../lib/domain.ts'
import { networkRoutes } from './routes.ts'
import { type CertificatesDeps, createCertificates } from './service/certificates.ts'
import { createPlain, type PlainDeps } from './service/plain.ts'

export type { Credentials } from './schema.ts'
export { authorityPath } from './service/certificates.ts'

export type Network = ReturnType<typeof createNetwork>

/** How the box is reached: the certificate of its HTTPS, and the authority behind it. */
export function createNetwork(deps: Omit<CertificatesDeps, 'isPlainAllowed'> & Omit<PlainDeps, 'https'>) {
  const plain = createPlain(deps)
  const certificates = createCertificates({ ...deps, isPlainAllowed: plain.isAllowed })
  const domain: Domain = {
    name: 'network',
    routes: networkRoutes({ certificates, plain, hostName: deps.hostName }),
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
    start: plain.start,
  }
  return { domain, certificates, isPlainAllowed: plain.isAllowed }
}
