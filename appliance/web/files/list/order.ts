import type { Entry } from '../../api/files.ts'

export type SortKey = 'name' | 'size' | 'modifiedAt'

export interface Order {
  key: SortKey
  isReversed: boolean
}

export const byName: Order = { key: 'name', isReversed: false }

// "file 2" before "file 10", as people count.
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** Folders before files, then as asked; equal ones by name. */
export function sortEntries(entries: readonly Entry[], { key, isReversed }: Order): Entry[] {
  const compare = comparers[key]
  const sign = isReversed ? -1 : 1
  return entries.toSorted(
    (a, b) => folderFirst(a, b) || sign * compare(a, b) || collator.compare(a.name, b.name),
  )
}

const comparers: Record<SortKey, (a: Entry, b: Entry) => number> = {
  name: (a, b) => collator.compare(a.name, b.name),
  size: (a, b) => (a.size ?? 0) - (b.size ?? 0),
  modifiedAt: (a, b) => (a.modifiedAt < b.modifiedAt ? -1 : a.modifiedAt > b.modifiedAt ? 1 : 0),
}

function folderFirst(a: Entry, b: Entry): number {
  if (a.kind === b.kind) return 0
  return a.kind === 'folder' ? -1 : 1
}

/** Entries whose name contains the text, whatever its case and accents. */
export function findEntries(entries: readonly Entry[], text: string): readonly Entry[] {
  const wanted = plain(text.trim())
  return wanted === '' ? entries : entries.filter(entry => plain(entry.name).includes(wanted))
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
