import { type MouseEvent, useMemo, useState } from 'react'
import type { Entry } from '../../api/files.ts'
import {
  keepOnly,
  nothingSelected,
  type Selection,
  selectAll,
  selectOnly,
  selectThrough,
  stepFrom,
  toggle,
} from './selection.ts'
import type { Entries } from './use-entries.ts'

/** The selection in a folder. What vanishes from the listing leaves it. */
export function useSelection({ names, named, shown }: Entries) {
  const [kept, setKept] = useState<Selection>(nothingSelected)
  const selection = useMemo(() => keepOnly(kept, name => named(name) !== undefined), [kept, named])
  const entries = useMemo(() => shown.filter(entry => selection.names.has(entry.name)), [shown, selection])

  return {
    ...selection,
    entries,
    clear: () => setKept({ ...nothingSelected, cursor: selection.cursor }),
    reset: () => setKept(nothingSelected),
    all: () => setKept(selectAll(selection, names)),
    toggle: (name: string) => setKept(toggle(selection, name)),
    only: (name: string) => setKept(selectOnly(name)),
    /** As a click asks: alone, or with Ctrl or Shift in addition. */
    click(entry: Entry, event: MouseEvent) {
      if (event.shiftKey) setKept(selectThrough(selection, entry.name, names))
      else if (event.ctrlKey || event.metaKey) setKept(toggle(selection, entry.name))
      else setKept(selectOnly(entry.name))
    },
    /** As an arrow key asks; with Shift the range grows. */
    step(steps: number, isExtending: boolean) {
      const name = stepFrom(selection.cursor, steps, names)
      if (name === undefined) return
      setKept(isExtending ? selectThrough(selection, name, names) : selectOnly(name))
    },
  }
}

export type SelectionState = ReturnType<typeof useSelection>
