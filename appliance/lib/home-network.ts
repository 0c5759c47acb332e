import ipaddr from 'ipaddr.js'

/**
 * What routers and systems put behind the name of a machine at home: names that no public server has (RFC 6762, RFC 8375,
 * RFC 2606, ICANN's `internal`), and those of routers that are sold in millions.
 */
export const privateSuffixes = [
  'local',
  'home.arpa',
  'internal',
  'lan',
  'home',
  'localdomain',
  'localhost',
  'intranet',
  'private',
  'fritz.box',
  'speedport.ip',
] as const

export const privateNetworks = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
] as const

/** Whether this IP address is one of the box itself or of the network it stands in. */
export function isPrivateAddress(address: string): boolean {
  const plain = ipaddr.process(address.replace(/%.*$/, '')).toString()
  return privateNetworks.some(network => isWithin(plain, network))
}

/** By its name or address alone: whoever looks a name up has to look once more where that leads. */
export function isPrivateHost(hostName: string): boolean {
  const name = hostName.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (ipaddr.isValid(name)) return isPrivateAddress(name)
  if (!name.includes('.')) return true
  return privateSuffixes.some(suffix => name.endsWith(`.${suffix}`))
}

export function isWithin(address: string, network: string): boolean {
  const parsed = ipaddr.parse(address)
  const [range, bits] = ipaddr.parseCIDR(network)
  return parsed.kind() === range.kind() && parsed.match(range, bits)
}
