// biome-ignore-all lint/a11y/useSemanticElements: an ARIA grid that scrolls within itself; a table cannot
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names the active entry
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid hears the keys
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './entry-list.module.css'
import { EntryRow } from './entry-row.tsx'
import type { SortKey } from './order.ts'
import { useRowInView, useWindow } from './use-window.ts'
import { entryElementId, type ViewProps } from './view-props.ts'

export const rowPx = 44

/** Entries as rows: icon, name, size, changed. Only the rows in sight are in the document. */
export function EntryList(props: ViewProps) {
  const { label, entries, selection, gridRef, onKeyDown } = props
  const { shown, names } = entries
  const scroller = useRef<HTMLDivElement>(null)
  const cursorRow = selection.cursor === null ? -1 : names.indexOf(selection.cursor)
  const { first, last, heightPx, topPx } = useWindow(scroller, shown.length, rowPx)
  useRowInView(scroller, cursorRow, rowPx)
  return (
    <div
      ref={gridRef}
      role="grid"
      aria-label={label}
      aria-multiselectable
      aria-rowcount={shown.length + 1}
      aria-activedescendant={cursorRow < 0 ? undefined : entryElementId(cursorRow)}
      tabIndex={0}
      className={classes.grid}
      onKeyDown={onKeyDown}
    >
      <Head {...props} />
      <div ref={scroller} role="rowgroup" className={classes.rows} tabIndex={-1}>
        <div role="presentation" style={{ height: heightPx, position: 'relative' }}>
          <div role="presentation" style={{ transform: `translateY(${topPx}px)` }}>
            {shown.slice(first, last).map((entry, offset) => (
              <EntryRow key={entry.name} {...props} entry={entry} index={first + offset} />
            ))}
          </div>
        </div>
      </div>
    </div>
  )
}

const columns = [
  { key: 'name', label: 'files.name' },
  { key: 'size', label: 'files.size' },
  { key: 'modifiedAt', label: 'files.changed' },
] as const

function Head({ entries }: ViewProps) {
  const { t } = useTranslation()
  const { order, sortBy } = entries
  const Arrow = order.isReversed ? IconArrowDown : IconArrowUp
  const direction = order.isReversed ? 'descending' : 'ascending'
  const isSorted = (key: SortKey) => order.key === key
  return (
    <div role="row" aria-rowindex={1} className={classes.head}>
      <span role="columnheader">
        <span className="only-read-aloud">{t('files.select')}</span>
      </span>
      {columns.map(({ key, label }) => (
        <span key={key} role="columnheader" aria-sort={isSorted(key) ? direction : 'none'} data-column={key}>
          <button type="button" onClick={() => sortBy(key)} title={t('files.sortBy', { column: t(label) })}>
            {t(label)}
            {isSorted(key) && <Arrow size={16} aria-hidden />}
          </button>
        </span>
      ))}
    </div>
  )
}
