import { readFileSync } from 'node:fs'
import { errnoOf } from '../../../lib/failure.ts'
import { tcpPeers } from '../../parse/tcp-peers.ts'

/** Addresses of the machines that are connected to the NFS server. */
export function nfsPeers(port: number): string[] {
  const peers = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(path => tcpPeers(textOf(path), port))
  return [...new Set(peers)].sort()
}

/** Without IPv6 there is no table of it. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return ''
    throw error
  }
}
