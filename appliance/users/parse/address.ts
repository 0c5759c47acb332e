const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** The peer's address in one form: no zone, and IPv4 as IPv4 also where it came mapped into IPv6 (RFC 4291 2.5.5.2). */
export function plainAddress(address: string | undefined): string {
  const bare = (address ?? '').split('%')[0] ?? ''
  return mapped.exec(bare)?.[1] ?? bare.toLowerCase()
}

/** Who is counted as one: an IPv4 address, or the /64 network that one IPv6 host has to itself. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const gap = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  return `${[...before, ...gap, ...after].slice(0, 4).join(':')}::/64`
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').map(group => group.replace(/^0+(?=.)/, ''))
}
