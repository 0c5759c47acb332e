import {
  IconCopy,
  IconDownload,
  IconFolderShare,
  IconInfoCircle,
  IconPencil,
  IconTrash,
} from '@tabler/icons-react'
import type { Entry, Listing } from '../../api/files.ts'

export type FileAction = 'download' | 'rename' | 'move' | 'copy' | 'delete' | 'details'

export const actionIcons: Record<FileAction, typeof IconCopy> = {
  download: IconDownload,
  rename: IconPencil,
  move: IconFolderShare,
  copy: IconCopy,
  delete: IconTrash,
  details: IconInfoCircle,
}

/** What may be done with these things here, the frequent first. */
export function actionsFor(entries: readonly Entry[], right: Listing['right']): FileAction[] {
  if (entries.length === 0) return []
  const isThere = entries.every(entry => entry.isAvailable)
  const mayChange = right === 'write' && isThere && !entries.some(entry => entry.isShare)
  const possible: [FileAction, boolean][] = [
    ['download', isThere],
    ['move', mayChange],
    ['delete', mayChange],
    ['rename', mayChange && entries.length === 1],
    ['copy', isThere],
    ['details', entries.length === 1],
  ]
  return possible.filter(([, isPossible]) => isPossible).map(([action]) => action)
}
