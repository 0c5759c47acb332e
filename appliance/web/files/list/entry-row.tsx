// biome-ignore-all lint/a11y/useSemanticElements: an ARIA grid that scrolls within itself; a table cannot
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names the active entry
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid hears the keys
import { Checkbox } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Entry } from '../../api/files.ts'
import { formatBytes } from '../../kit/format/bytes.ts'
import { When } from '../../kit/format/when.tsx'
import { dragPaths, pathsIn } from '../drag.ts'
import { joinPath } from '../path.ts'
import { EntryIcon } from './entry-icon.tsx'
import classes from './entry-list.module.css'
import { EntryName } from './entry-name.tsx'
import { entryElementId, type ViewProps } from './view-props.ts'

interface Props extends ViewProps {
  entry: Entry
  index: number
}

export function EntryRow(props: Props) {
  const { t } = useTranslation()
  const { entry, index, folder, selection, dropTarget, onOpen } = props
  const isSelected = selection.names.has(entry.name)
  const takesDrops = entry.kind === 'folder' && entry.isAvailable
  const dragged = isSelected ? pathsIn(folder, selection.names) : pathsIn(folder, [entry.name])
  return (
    <div
      role="row"
      id={entryElementId(index)}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-cursor={selection.cursor === entry.name || undefined}
      data-away={!entry.isAvailable || undefined}
      className={classes.row}
      draggable={!entry.isShare}
      onDragStart={event => dragPaths(event, dragged)}
      onClick={event => selection.click(entry, event)}
      onDoubleClick={() => onOpen(entry)}
      {...(takesDrops ? dropTarget(joinPath(folder, entry.name)) : {})}
    >
      <span role="gridcell" className={classes.check}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: only keeps the click from the row */}
        <span
          className={classes.checkTarget}
          onClick={event => event.stopPropagation()}
          onDoubleClick={event => event.stopPropagation()}
        >
          <Checkbox
            checked={isSelected}
            onChange={() => selection.toggle(entry.name)}
            tabIndex={-1}
            aria-label={t('files.selectOne', { name: entry.name })}
            classNames={{ body: classes.checkBody ?? '' }}
          />
        </span>
      </span>
      <span role="gridcell" className={classes.name}>
        <EntryIcon entry={entry} />
        <EntryName {...props} />
      </span>
      <span role="gridcell" className={classes.size}>
        {entry.isAvailable ? entry.size !== null && formatBytes(entry.size) : t('files.away')}
      </span>
      <span role="gridcell" className={classes.changed}>
        <When at={entry.modifiedAt} />
      </span>
    </div>
  )
}
