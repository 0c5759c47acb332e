import type { NfsChange, NfsSettings } from '../api/nfs.ts'

/** The settings as somebody is changing them. */
export interface Draft {
  isEnabled: boolean
  machines: readonly Machine[]
  access: NfsSettings['access']
  hasSnapshots: boolean
}

/** A line of the list; the id is its own, whatever is written in it. */
export interface Machine {
  id: number
  text: string
}

export function draftOf({ enabled, clients, access, snapshots }: NfsSettings): Draft {
  const machines = clients.map((text, id) => ({ id, text }))
  return { isEnabled: enabled, machines: orOneEmpty(machines), access, hasSnapshots: snapshots }
}

export function addMachine(draft: Draft): { draft: Draft; id: number } {
  const id = nextId(draft.machines)
  return { draft: { ...draft, machines: [...draft.machines, { id, text: '' }] }, id }
}

export function setMachine(draft: Draft, id: number, text: string): Draft {
  return { ...draft, machines: draft.machines.map(one => (one.id === id ? { id, text } : one)) }
}

export function removeMachine(draft: Draft, id: number): Draft {
  const rest = draft.machines.filter(one => one.id !== id)
  return { ...draft, machines: orOneEmpty(rest, nextId(draft.machines)) }
}

/** Who is off keeps the list as it was saved, whatever was begun to be changed in it. */
export function changeOf(draft: Draft, saved: NfsSettings): NfsChange {
  if (!draft.isEnabled) return { ...changeBackTo(saved), enabled: false }
  return {
    enabled: true,
    clients: filled(draft).map(({ text }) => text.trim()),
    access: draft.access,
    snapshots: draft.hasSnapshots,
  }
}

export function changeBackTo({ enabled, clients, access, snapshots }: NfsSettings): NfsChange {
  return { enabled, clients, access, snapshots }
}

export function isChanged(draft: Draft, saved: NfsSettings): boolean {
  return JSON.stringify(changeOf(draft, saved)) !== JSON.stringify(changeBackTo(saved))
}

/** Nothing was ever decided, or nothing is left of it. */
export function isUnset({ enabled, clients }: NfsSettings): boolean {
  return !enabled && clients.length === 0
}

/** Those among them that let in every machine that reaches the box, with the netmask of none too. */
export function openToEveryone(clients: readonly string[]): string[] {
  return clients.filter(client => client === '*' || /\/(0{1,3}|0\.0\.0\.0)$/.test(client))
}

/**
 * What the box says about single machines, by their ids; `clients.1` is the second of those that were sent, and what is
 * said of the whole list is shown at its first line. Undefined: it says nothing of them.
 */
export function machineErrors(
  { machines }: Draft,
  fields: Record<string, string>,
): Map<number, string> | undefined {
  const sent = filled({ machines })
  const found = new Map<number, string>()
  for (const [field, message] of Object.entries(fields)) {
    const [name, index] = field.split('.')
    const machine = index === undefined ? machines[0] : sent[Number(index)]
    if (name === 'clients' && machine) found.set(machine.id, message)
  }
  return found.size > 0 ? found : undefined
}

function filled({ machines }: Pick<Draft, 'machines'>): Machine[] {
  return machines.filter(({ text }) => text.trim() !== '')
}

function nextId(machines: readonly Machine[]): number {
  return Math.max(-1, ...machines.map(({ id }) => id)) + 1
}

/** There is always a line to write in. */
function orOneEmpty(machines: readonly Machine[], id = 0): readonly Machine[] {
  return machines.length > 0 ? machines : [{ id, text: '' }]
}
