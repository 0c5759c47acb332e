import { isIn, type NfsClient, parseNfsClient } from '../parse/nfs-client.ts'

/** What is wrong with one of them. */
export interface ClientProblem {
  index: number
  message: string
}

/** The clients as they are kept, or what is wrong with them: not understood, there twice, or part of another one. */
export function planNfsClients(given: readonly string[]): { clients: string[]; problems: ClientProblem[] } {
  const parsed = given.map(text => parseNfsClient(text.trim()))
  const problems: ClientProblem[] = []
  const known: NfsClient[] = []
  for (const [index, one] of parsed.entries()) {
    if (typeof one === 'string') {
      problems.push({ index, message: one })
      continue
    }
    const same = known.find(other => other.text === one.text)
    const larger = known.find(other => isInside(one, other))
    const smaller = known.find(other => isInside(other, one))
    if (same) problems.push({ index, message: `${one.text} is there already.` })
    else if (larger)
      problems.push({ index, message: `${one.text} is part of ${larger.text}, which is there.` })
    else if (smaller) problems.push({ index, message: `${smaller.text}, which is there, is part of it.` })
    known.push(one)
  }
  return { clients: known.map(({ text }) => text), problems }
}

/** Which of them let in every machine that can reach the box. */
export function openToEveryone(clients: readonly string[]): number[] {
  return clients.flatMap((text, index) => {
    const client = parseNfsClient(text)
    if (typeof client === 'string') return []
    const isOpen = client.kind === 'everyone' || (client.kind === 'network' && client.prefix === 0)
    return isOpen ? [index] : []
  })
}

function isInside(one: NfsClient, other: NfsClient): boolean {
  if (other.kind === 'everyone') return true
  if (one.kind !== 'network' || other.kind !== 'network') return false
  return one.prefix >= other.prefix && isIn(one.address, other)
}

export interface NfsWish {
  enabled: boolean
  clients: readonly string[]
  confirm?: string | undefined
}

/** What somebody must type where everybody who can reach the box is let in. */
export const everyone = 'everyone'

/** The clients as they are kept, or what is wrong, by field. */
export function planNfs({ enabled, clients: given, confirm }: NfsWish): {
  clients: string[]
  problems: { field: string; message: string }[]
} {
  const { clients, problems } = planNfsClients(given)
  const at = (index: number) => `clients.${index}`
  if (problems.length > 0)
    return { clients, problems: problems.map(({ index, message }) => ({ field: at(index), message })) }
  if (!enabled) return { clients, problems: [] }
  if (clients.length === 0) return { clients, problems: [{ field: 'clients', message: noClient }] }
  const open = confirm === everyone ? [] : openToEveryone(clients)
  return {
    clients,
    problems: open.map(index => ({ field: at(index), message: letsInEveryone(clients[index] ?? '') })),
  }
}

const noClient = 'Name at least one client: an address, a network or a host name.'
const letsInEveryone = (client: string) =>
  `${client} lets in every machine that can reach this box, without a password. Confirm it with "${everyone}".`
