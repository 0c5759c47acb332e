import type { Domain } from '../lib/domain.ts'
import { type NetworkRouteDeps, networkRoutes } from './routes.ts'
import { type CertificatesDeps, createCertificates } from './service/certificates.ts'
import { createPlain, type PlainDeps } from './service/plain.ts'
import { createSsh, type SshDeps } from './service/ssh.ts'

export type { Credentials } from './schema.ts'
export { authorityPath } from './service/certificates.ts'

export type Network = ReturnType<typeof createNetwork>

type NetworkDeps = Omit<CertificatesDeps, 'isPlainAllowed'> &
  Omit<PlainDeps, 'https'> &
  SshDeps &
  Pick<NetworkRouteDeps, 'requirePassword'>

/** How the box is reached: the certificate of its HTTPS, and the authority behind it. */
export function createNetwork(deps: NetworkDeps) {
  const plain = createPlain(deps)
  const certificates = createCertificates({ ...deps, isPlainAllowed: plain.isAllowed })
  const ssh = createSsh(deps)
  const domain: Domain = {
    name: 'network',
    routes: networkRoutes({ ...deps, certificates, plain, ssh }),
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
    async start() {
      await plain.start()
      ssh.start()
    },
  }
  return { domain, certificates, isPlainAllowed: plain.isAllowed }
}
