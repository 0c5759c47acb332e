import { type CertificateSystemDeps, createCertificateOperations } from './certificate.ts'

/** What root does for the ways to this box. */
export function createNetworkOperations(deps: CertificateSystemDeps) {
  return createCertificateOperations(deps)
}
