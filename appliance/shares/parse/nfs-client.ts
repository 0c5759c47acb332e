import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

interface Network {
  kind: 'network'
  text: string
  address: Address
  prefix: number
}

/** A machine, or several, as it is kept: `text` is the one way to write it. */
export type NfsClient = { kind: 'everyone'; text: '*' } | { kind: 'name'; text: string } | Network

/** Of host names, RFC 1123 section 2.1 and RFC 1035 section 2.3.4. */
const longestName = 253
/** Which the resolver would take for an address: `0x7f.1`. */
const numeric = /^(\d+|0x[0-9a-f]*)$/
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i

/** What a person wrote as a client of an NFS export; a string says in words what is wrong with it. */
export function parseNfsClient(given: string): NfsClient | string {
  if (given === '') return 'Enter an address, a network or a host name.'
  if (given.length > longestName) return `At most ${longestName} characters.`
  if (given === '*') return { kind: 'everyone', text: '*' }
  if (given.includes('*') || given.includes('?'))
    return 'Patterns are not understood. Name a network, such as 192.168.1.0/24.'
  if (given.includes('%')) return 'An address with a zone (%) means something on one machine only.'
  const slash = given.indexOf('/')
  if (slash >= 0) return parseNetwork(given.slice(0, slash), given.slice(slash + 1))
  if (given.includes(':') || isLikeIpv4(given)) return parseAddress(given)
  return parseName(given)
}

function parseNetwork(given: string, mask: string): NfsClient | string {
  const address = addressOf(given)
  if (!address) return notAnAddress
  const most = bitsOf(address)
  const prefix = prefixOf(address, mask)
  if (prefix === undefined || prefix > most)
    return `Behind the slash belongs a number from 0 to ${most}${most === 32 ? ', or a netmask' : ''}.`
  // The NFS server cannot read three digits there.
  if (prefix >= 100 && prefix < 128) return 'Networks end at /99: name single addresses instead.'
  return prefix === most && isUnspecified(address) ? nobody : network(address, prefix)
}

function prefixOf(address: Address, mask: string): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask)
  if (address.kind() !== 'ipv4' || !ipaddr.IPv4.isValidFourPartDecimal(mask)) return undefined
  return ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask() ?? undefined
}

function parseAddress(given: string): NfsClient | string {
  const address = addressOf(given)
  if (!address) return notAnAddress
  return isUnspecified(address) ? nobody : network(address, bitsOf(address))
}

/** As a client the NFS server would take it for everybody. */
export function isUnspecified(address: Address): boolean {
  return address.toByteArray().every(byte => byte === 0)
}

const bitsOf = (address: Address) => (address.kind() === 'ipv4' ? 32 : 128)

function addressOf(given: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(given)) return ipaddr.IPv4.parse(given)
  if (!given.includes(':') || !ipaddr.IPv6.isValid(given)) return undefined
  const address = ipaddr.IPv6.parse(given)
  // It arrives as the IPv4 address that it stands for.
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

/** Without the bits that say nothing: 192.168.1.7/24 is 192.168.1.0/24. */
function network(given: Address, prefix: number): Network {
  const family = given.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6
  const address = family.networkAddressFromCIDR(`${given.toString()}/${prefix}`)
  const text = address.toString()
  return { kind: 'network', text: prefix === bitsOf(address) ? text : `${text}/${prefix}`, address, prefix }
}

function parseName(given: string): NfsClient | string {
  const text = given.toLowerCase()
  const last = text.split('.').at(-1) ?? ''
  if (numeric.test(last)) return notAnAddress
  if (!text.split('.').every(part => label.test(part)))
    return 'That is no host name: letters, digits, hyphens and dots. No address either.'
  return { kind: 'name', text }
}

const nobody = 'That is the address of nobody.'
const notAnAddress = 'That is no address: such as 192.168.1.20, 192.168.1.0/24 or fd00::/64.'
/** All digits and dots: somebody meant an address. */
const isLikeIpv4 = (given: string) => /^[\d.]+$/.test(given)

/** Whether a machine with this address is one of them; names are not looked up. */
export function isAmong(address: string, clients: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const given = ipaddr.process(address)
  return clients.some(text => {
    const client = parseNfsClient(text)
    if (typeof client === 'string' || client.kind === 'name') return false
    return client.kind === 'everyone' || isIn(given, client)
  })
}

export function isIn(address: Address, { address: other, prefix }: Network): boolean {
  return address.kind() === other.kind() && address.match(other as ipaddr.IPv4, prefix)
}

/** As the NFS server reads it: no `::`, and everybody of one family in two halves. */
export function clientForServer(text: string): string[] {
  const client = parseNfsClient(text)
  if (typeof client === 'string' || client.kind !== 'network') return [text]
  const { address, prefix } = client
  const isIpv4 = address.kind() === 'ipv4'
  if (prefix === 0)
    return isIpv4 ? ['0.0.0.0/1', '128.0.0.0/1'] : ['0:0:0:0:0:0:0:0/1', '8000:0:0:0:0:0:0:0/1']
  const whole = address.toNormalizedString()
  return [prefix === bitsOf(address) ? whole : `${whole}/${prefix}`]
}
