import type { MouseEvent } from 'react'
import { Link } from 'react-router'
import { contentAddress, type Entry } from '../../api/files.ts'
import { joinPath, pageOf } from '../path.ts'
import classes from './entry-name.module.css'
import { openOrSelect, type ViewProps } from './view-props.ts'

type Props = Pick<ViewProps, 'folder' | 'selection' | 'onOpen'> & { entry: Entry }

/** A real link, so that a new tab, a bookmark and "copy address" work. The grid has the keyboard's focus. */
export function EntryName({ folder, entry, ...rest }: Props) {
  const path = joinPath(folder, entry.name)
  const shared = {
    className: classes.name ?? '',
    title: entry.name,
    tabIndex: -1,
    draggable: false,
    onClick: (event: MouseEvent) => openOrSelect(event, entry, rest),
  }
  if (entry.kind === 'file') {
    return (
      <a href={contentAddress(path)} {...shared}>
        {entry.name}
      </a>
    )
  }
  return (
    <Link to={pageOf(path)} {...shared}>
      {entry.name}
    </Link>
  )
}
