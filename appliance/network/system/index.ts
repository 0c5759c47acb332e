import { type CertificateSystemDeps, createCertificateOperations } from './certificate.ts'
import { createSshOperations, type SshSystemDeps } from './ssh.ts'

/** What root does for the ways to this box. */
export function createNetworkOperations(deps: CertificateSystemDeps & SshSystemDeps) {
  return { ...createCertificateOperations(deps), ...createSshOperations(deps) }
}
