import { useTranslation } from 'react-i18next'
import { contentAddress, type Entry, type Listing } from '../api/files.ts'
import { FolderPicker } from './change/folder-picker.tsx'
import { NameDialog } from './change/name-dialog.tsx'
import type { Changes } from './change/use-changes.ts'
import { DetailsDrawer } from './details/details-drawer.tsx'
import { joinPath } from './path.ts'
import { Preview } from './preview/preview.tsx'

export type OpenDialog =
  | { kind: 'new-folder' }
  | { kind: 'preview'; entry: Entry }
  | { kind: 'rename' | 'move' | 'copy' | 'details'; entries: Entry[] }
  | null

interface Props {
  folder: string
  right: Listing['right']
  dialog: OpenDialog
  changes: Changes
  isTaken: (name: string) => boolean
  paths: string[]
  onClose: () => void
}

/** Whatever is open over a folder. */
export function FolderDialogs({ folder, right, dialog, changes, isTaken, paths, onClose }: Props) {
  const { t } = useTranslation()
  if (dialog === null) return null
  if (dialog.kind === 'preview') {
    const path = joinPath(folder, dialog.entry.name)
    return (
      <Preview
        entry={dialog.entry}
        address={contentAddress(path)}
        download={contentAddress(path, { download: true })}
        onClose={onClose}
      />
    )
  }
  if (dialog.kind === 'new-folder') {
    return (
      <NameDialog
        title={t('files.newFolder')}
        label={t('name.label')}
        action={t('newFolder.action')}
        initial=""
        isTaken={isTaken}
        onName={name => changes.create(joinPath(folder, name))}
        onClose={onClose}
      />
    )
  }
  const [first] = dialog.entries
  if (!first) return null
  switch (dialog.kind) {
    case 'rename':
      return (
        <NameDialog
          title={t('rename.title', { name: first.name })}
          label={t('rename.label')}
          action={t('action.rename')}
          initial={first.name}
          isTaken={isTaken}
          onName={async name => void changes.rename(joinPath(folder, first.name), name)}
          onClose={onClose}
        />
      )
    case 'move':
      return (
        <FolderPicker
          title={t('move.title', { count: dialog.entries.length, name: first.name })}
          action={to => t('move.action', { folder: to })}
          start={folder}
          paths={paths}
          onPick={async to => void changes.move(paths, to)}
          onClose={onClose}
        />
      )
    case 'copy':
      return (
        <FolderPicker
          title={t('copy.title', { count: dialog.entries.length, name: first.name })}
          action={to => t('copy.action', { folder: to })}
          start={folder}
          paths={paths}
          onPick={to => changes.copy(paths, to)}
          onClose={onClose}
        />
      )
    case 'details':
      return <DetailsDrawer folder={folder} entry={first} right={right} onClose={onClose} />
  }
}
