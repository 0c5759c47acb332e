import type { KeyboardEventHandler, MouseEvent, RefObject } from 'react'
import type { Entry } from '../../api/files.ts'
import type { DropTarget } from '../drag.ts'
import type { Entries } from './use-entries.ts'
import type { SelectionState } from './use-selection.ts'

/** What the list and the grid need alike. */
export interface ViewProps {
  folder: string
  label: string
  entries: Entries
  selection: SelectionState
  gridRef: RefObject<HTMLDivElement | null>
  onKeyDown: KeyboardEventHandler
  onOpen: (entry: Entry) => void
  dropTarget: DropTarget
}

export function entryElementId(index: number): string {
  return `entry-${index}`
}

/** A click on a name opens it, unless a key says that it selects. */
export function openOrSelect(
  event: MouseEvent,
  entry: Entry,
  { selection, onOpen }: Pick<ViewProps, 'selection' | 'onOpen'>,
) {
  const isNewTab = event.button === 1
  if (isNewTab) return
  event.preventDefault()
  event.stopPropagation()
  if (event.shiftKey || event.ctrlKey || event.metaKey) selection.click(entry, event)
  else onOpen(entry)
}
