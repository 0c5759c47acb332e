import { lookup } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import ipaddr from 'ipaddr.js'
import { errnoOf } from '../../../lib/failure.ts'
import { isUnspecified, parseNfsClient } from '../../parse/nfs-client.ts'

const withinMs = 3_000

export interface ResolvedClients {
  clients: string[]
  /** Names that nobody knows, or of which nobody answers. */
  unknownNames: string[]
}

/**
 * Addresses instead of names: the server then knows at once who it is, and never waits for a name server. While that does
 * not answer, a name keeps the addresses that it had.
 */
export function createNames() {
  const known = new Map<string, string[]>()

  async function addressesOf(name: string): Promise<string[] | undefined> {
    const late = delay(withinMs, 'late', { ref: false })
    const asked = lookup(name, { all: true }).catch((error: unknown) =>
      errnoOf(error) === 'ENOTFOUND' ? 'unknown' : 'late',
    )
    const answer = await Promise.race([asked, late])
    if (answer === 'late') return known.get(name)
    // A blocklist answers with the address of nobody, which the server would take for everybody.
    const found = typeof answer === 'string' ? [] : answer.map(({ address }) => address).filter(isSomebody)
    if (found.length > 0) known.set(name, found)
    else known.delete(name)
    return found.length > 0 ? found : undefined
  }

  return async function resolve(clients: readonly string[]): Promise<ResolvedClients> {
    const found = await Promise.all(
      clients.map(text => {
        const client = parseNfsClient(text)
        if (typeof client === 'string') throw new Error(`${JSON.stringify(text)} is no client: ${client}`)
        return client.kind === 'name' ? addressesOf(client.text) : [text]
      }),
    )
    return {
      clients: [...new Set(found.flatMap(one => one ?? []))],
      unknownNames: clients.filter((_, index) => found[index] === undefined),
    }
  }
}

const isSomebody = (address: string) => ipaddr.isValid(address) && !isUnspecified(ipaddr.process(address))
