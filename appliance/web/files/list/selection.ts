/** What is selected in a list of names, where the cursor is, and where a range began. */
export interface Selection {
  names: ReadonlySet<string>
  cursor: string | null
  anchor: string | null
}

export const nothingSelected: Selection = { names: new Set(), cursor: null, anchor: null }

export function selectOnly(name: string): Selection {
  return { names: new Set([name]), cursor: name, anchor: name }
}

export function toggle({ names }: Selection, name: string): Selection {
  const changed = new Set(names)
  if (!changed.delete(name)) changed.add(name)
  return { names: changed, cursor: name, anchor: name }
}

/** Everything between where the range began and `name`, as with Shift. */
export function selectThrough(selection: Selection, name: string, order: readonly string[]): Selection {
  const from = order.indexOf(selection.anchor ?? selection.cursor ?? name)
  const to = order.indexOf(name)
  const [first, last] = from < to ? [from, to] : [to, from]
  const anchor = order[from] ?? name
  return { names: new Set(order.slice(Math.max(first, 0), last + 1)), cursor: name, anchor }
}

export function selectAll(selection: Selection, order: readonly string[]): Selection {
  return { ...selection, names: new Set(order), cursor: selection.cursor ?? order[0] ?? null }
}

/** Without what is no longer there. */
export function keepOnly(selection: Selection, isThere: (name: string) => boolean): Selection {
  const names = new Set([...selection.names].filter(isThere))
  const kept = (name: string | null) => (name !== null && isThere(name) ? name : null)
  return { names, cursor: kept(selection.cursor), anchor: kept(selection.anchor) }
}

/** The name that many steps away, at the ends the last there is. */
export function stepFrom(cursor: string | null, steps: number, order: readonly string[]): string | undefined {
  const found = cursor === null ? -1 : order.indexOf(cursor)
  const at = found < 0 && steps < 0 ? order.length : found
  return order[Math.max(0, Math.min(order.length - 1, at + steps))]
}
