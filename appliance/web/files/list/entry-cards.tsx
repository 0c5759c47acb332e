// biome-ignore-all lint/a11y/useSemanticElements: an ARIA grid that scrolls within itself; a table cannot
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names the active entry
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid hears the keys
import { useElementSize, useMergedRef } from '@mantine/hooks'
import { useRef } from 'react'
import type { Entry } from '../../api/files.ts'
import { formatBytes } from '../../kit/format/bytes.ts'
import { dragPaths, pathsIn } from '../drag.ts'
import { joinPath } from '../path.ts'
import classes from './entry-cards.module.css'
import { EntryIcon } from './entry-icon.tsx'
import { EntryName } from './entry-name.tsx'
import { useRowInView, useWindow } from './use-window.ts'
import { entryElementId, type ViewProps } from './view-props.ts'

const cardPx = 148
const narrowestPx = 136

export function columnsIn(widthPx: number): number {
  return Math.max(2, Math.floor(widthPx / narrowestPx))
}

/** Entries as cards with a large icon. `onColumns` hears how many stand side by side: the arrow keys need it. */
export function EntryCards(props: ViewProps & { onColumns: (columns: number) => void }) {
  const { label, entries, selection, gridRef, onKeyDown, onColumns } = props
  const { shown, names } = entries
  const scroller = useRef<HTMLDivElement>(null)
  const { ref: sizeRef, width } = useElementSize()
  const scrollerRef = useMergedRef(scroller, sizeRef)
  const columns = columnsIn(width)
  const rows = Math.ceil(shown.length / columns)
  const cursor = selection.cursor === null ? -1 : names.indexOf(selection.cursor)
  const { first, last, heightPx, topPx } = useWindow(scroller, rows, cardPx)
  useRowInView(scroller, cursor < 0 ? -1 : Math.floor(cursor / columns), cardPx)
  return (
    <div
      ref={gridRef}
      role="grid"
      aria-label={label}
      aria-multiselectable
      aria-rowcount={rows}
      aria-activedescendant={cursor < 0 ? undefined : entryElementId(cursor)}
      tabIndex={0}
      className={classes.grid}
      onFocus={() => onColumns(columns)}
      onKeyDown={onKeyDown}
    >
      <div ref={scrollerRef} role="rowgroup" className={classes.rows} tabIndex={-1}>
        <div role="presentation" style={{ height: heightPx, position: 'relative' }}>
          <div role="presentation" style={{ transform: `translateY(${topPx}px)` }}>
            {rowsBetween(first, last).map(row => (
              <div
                key={row}
                role="row"
                aria-rowindex={row + 1}
                tabIndex={-1}
                className={classes.row}
                style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
              >
                {shown.slice(row * columns, (row + 1) * columns).map((entry, offset) => (
                  <EntryCard key={entry.name} {...props} entry={entry} index={row * columns + offset} />
                ))}
              </div>
            ))}
          </div>
        </div>
      </div>
    </div>
  )
}

function EntryCard(props: ViewProps & { entry: Entry; index: number }) {
  const { entry, index, folder, selection, dropTarget, onOpen } = props
  const isSelected = selection.names.has(entry.name)
  const takesDrops = entry.kind === 'folder' && entry.isAvailable
  return (
    <div
      role="gridcell"
      id={entryElementId(index)}
      aria-selected={isSelected}
      data-cursor={selection.cursor === entry.name || undefined}
      className={classes.card}
      draggable={!entry.isShare}
      onDragStart={event => dragPaths(event, pathsIn(folder, isSelected ? selection.names : [entry.name]))}
      onClick={event => selection.click(entry, event)}
      onDoubleClick={() => onOpen(entry)}
      {...(takesDrops ? dropTarget(joinPath(folder, entry.name)) : {})}
    >
      <EntryIcon entry={entry} size={48} />
      <EntryName {...props} />
      <span className={classes.size}>{entry.size !== null && formatBytes(entry.size)}</span>
    </div>
  )
}

function rowsBetween(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first) }, (_, offset) => first + offset)
}
