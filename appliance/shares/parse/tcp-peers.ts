import ipaddr from 'ipaddr.js'

const established = '01'

/** Who is connected to a port, from `/proc/net/tcp` and `/proc/net/tcp6` (proc_net_tcp(5)): addresses, each once. */
export function tcpPeers(text: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const found = text.split('\n').flatMap(line => {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/)
    if (state !== established || local.split(':')[1] !== wanted) return []
    const address = addressOf(remote.split(':')[0] ?? '')
    return address === undefined ? [] : [address]
  })
  return [...new Set(found)].sort()
}

/** Each 32-bit word as this machine, and every one that we run on, keeps it: the lowest byte first. */
function addressOf(hex: string): string | undefined {
  if (!/^([0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return undefined
  const words = hex.match(/.{8}/g) ?? []
  const bytes = words.flatMap(word => [6, 4, 2, 0].map(at => Number.parseInt(word.slice(at, at + 2), 16)))
  return ipaddr.process(ipaddr.fromByteArray(bytes).toString()).toString()
}
