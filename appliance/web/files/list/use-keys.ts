import type { KeyboardEvent } from 'react'
import type { Entry } from '../../api/files.ts'
import type { SelectionState } from './use-selection.ts'

export interface KeyActions {
  open: (entry: Entry) => void
  preview: (entry: Entry) => void
  goUp: () => void
  rename: () => void
  remove: () => void
}

interface Options {
  selection: SelectionState
  cursorEntry: Entry | undefined
  actions: KeyActions
  /** How many entries stand side by side. */
  columns: number
  /** How many rows a page up or down skips. */
  pageRows?: number
}

/** The keys of the file list; the same ones that `?` lists. */
export function createKeys({ selection, cursorEntry, actions, columns, pageRows = 10 }: Options) {
  const step = (steps: number) => (event: KeyboardEvent) => selection.step(steps, event.shiftKey)
  const withCursor = (act: (entry: Entry) => void) => () => cursorEntry && act(cursorEntry)
  const far = Number.MAX_SAFE_INTEGER
  const keys: Record<string, (event: KeyboardEvent) => void> = {
    ArrowDown: step(columns),
    ArrowUp: step(-columns),
    ...(columns > 1 ? { ArrowRight: step(1), ArrowLeft: step(-1) } : {}),
    PageDown: step(columns * pageRows),
    PageUp: step(-columns * pageRows),
    Home: step(-far),
    End: step(far),
    Enter: withCursor(actions.open),
    ' ': event => {
      if (event.ctrlKey && cursorEntry) selection.toggle(cursorEntry.name)
      else withCursor(actions.preview)()
    },
    Backspace: actions.goUp,
    F2: actions.rename,
    Delete: actions.remove,
    Escape: selection.clear,
    a: event => {
      if (event.ctrlKey || event.metaKey) selection.all()
    },
  }
  return (event: KeyboardEvent) => {
    const act = keys[event.key]
    const isPlainLetter = event.key === 'a' && !(event.ctrlKey || event.metaKey)
    if (!act || isPlainLetter || event.defaultPrevented) return
    event.preventDefault()
    act(event)
  }
}
