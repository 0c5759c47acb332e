import ipaddr from 'ipaddr.js'
import { isWithin, privateNetworks, privateSuffixes } from '../lib/home-network.ts'
import type { CertificateNames } from './schema.ts'

/** What the authority of a box may vouch for, and nothing else: who installs it need not fear for the rest of the web. */
export interface Permitted {
  /** With all that ends in them. */
  domains: readonly string[]
  networks: readonly string[]
}

/** `names`: those that the box has as its authority is made. */
export function permittedFor(names: readonly string[]): Permitted {
  const short = names.filter(name => !name.includes('.'))
  return { domains: [...new Set([...privateSuffixes, ...short])], networks: privateNetworks }
}

export function isPermitted({ domains, networks }: Permitted, { names, addresses }: CertificateNames) {
  const isNamed = (name: string) => domains.some(domain => name === domain || name.endsWith(`.${domain}`))
  return {
    names: names.filter(isNamed),
    addresses: addresses.filter(address => networks.some(network => isWithin(address, network))),
  }
}

/** What the box is called by those who open it, and where it is; what no authority of a box may vouch for is left out. */
export function wantedNames(hostName: string, addresses: readonly string[]): CertificateNames {
  const name = hostName.toLowerCase()
  const withSuffix = privateSuffixes
    .filter(suffix => suffix !== 'localhost')
    .map(suffix => `${name}.${suffix}`)
  const names = [...withSuffix, name, 'localhost']
  const all = ['127.0.0.1', '::1', ...addresses].map(canonical)
  return isPermitted(permittedFor([name]), { names, addresses: [...new Set(all)] })
}

/** As certificates have it: IPv6 in full, without zone. */
export function canonical(address: string): string {
  return ipaddr.parse(address.replace(/%.*$/, '')).toString()
}

export interface KnownCertificate extends CertificateNames {
  validFromMs: number
  validUntilMs: number
}

const day = 86_400_000
/** Apple takes no more than 825 days of an authority that somebody has installed, browsers of public ones 398. */
export const certificateDays = 397
export const authorityDays = 20 * 365
export const renewBeforeMs = 30 * day

/** Whether it still says what is wanted, and for how long. A clock that was wrong when it was made shows, too. */
export function isGood(known: KnownCertificate, wanted: CertificateNames, nowMs: number): boolean {
  const isSame = (one: readonly string[], other: readonly string[]) =>
    one.length === other.length && one.every(name => other.includes(name))
  return (
    isSame(known.names, wanted.names) &&
    isSame(known.addresses, wanted.addresses) &&
    known.validFromMs <= nowMs &&
    known.validUntilMs - nowMs > renewBeforeMs &&
    known.validUntilMs - nowMs <= certificateDays * day
  )
}
