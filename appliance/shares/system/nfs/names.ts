import { lookup } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { parseNfsClient } from '../../parse/nfs-client.ts'

const withinMs = 3_000

/** Addresses instead of names: the server then knows at once who it is, and never waits for a name server. */
export async function resolveClients(
  clients: readonly string[],
): Promise<{ clients: string[]; unknownNames: string[] }> {
  const found = await Promise.all(clients.map(resolveOne))
  return {
    clients: [...new Set(found.flatMap(one => one ?? []))],
    unknownNames: clients.filter((_, index) => found[index] === undefined),
  }
}

async function resolveOne(text: string): Promise<string[] | undefined> {
  const client = parseNfsClient(text)
  if (typeof client === 'string') throw new Error(`${JSON.stringify(text)} is no client: ${client}`)
  if (client.kind !== 'name') return [text]
  const late = delay(withinMs, undefined, { ref: false })
  const asked = lookup(client.text, { all: true }).catch(() => undefined)
  const addresses = await Promise.race([asked, late])
  return addresses && addresses.length > 0 ? addresses.map(({ address }) => address) : undefined
}
