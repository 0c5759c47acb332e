import type { CertificateNames } from '../schema.ts'

/** `DNS:cairn.local, IP Address:192.168.1.5`, as Node tells what a certificate is for. */
export function parseAltNames(text: string | undefined): CertificateNames {
  const found = (text ?? '').split(', ').map(one => one.split(/:(.*)/s))
  const of = (kind: string) => found.flatMap(([is, value = '']) => (is === kind ? [value] : []))
  return { names: of('DNS'), addresses: of('IP Address') }
}
