import { Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { nameOf, pageOf, parentOf } from './path.ts'
import classes from './place-link.module.css'

interface Props {
  path: string
  kind: 'file' | 'folder' | null
  children: ReactNode
}

/** To where something lies: a folder itself, or the folder of a file with the file selected. */
export function PlaceLink({ path, kind, children }: Props) {
  const isFolder = kind === 'folder' || path === '/'
  const to = pageOf(isFolder ? path : parentOf(path))
  const state = isFolder ? {} : { state: { wanted: nameOf(path) } }
  return (
    <Anchor component={Link} to={to} {...state} inherit underline="always" className={classes.place ?? ''}>
      {children}
    </Anchor>
  )
}

/** The name that such a link asks to have selected. */
export function wantedIn(state: unknown): string | undefined {
  if (typeof state !== 'object' || state === null || !('wanted' in state)) return undefined
  return typeof state.wanted === 'string' ? state.wanted : undefined
}
