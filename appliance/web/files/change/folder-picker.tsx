import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { IconChevronRight, IconFolderPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Entry, folderQuery } from '../../api/files.ts'
import { Answer } from '../../kit/answer.tsx'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { Breadcrumb } from '../breadcrumb.tsx'
import { EntryIcon } from '../list/entry-icon.tsx'
import { byName, sortEntries } from '../list/order.ts'
import { isWithin, joinPath, nameOf } from '../path.ts'
import classes from './folder-picker.module.css'
import { NameDialog } from './name-dialog.tsx'
import { useChanges } from './use-changes.ts'

interface Props {
  title: string
  action: (folder: string) => string
  start: string
  /** What is moved: a folder cannot go into itself. */
  paths: readonly string[]
  /** Any folder that can be seen will do, and none is made. */
  isOnlyLooking?: boolean
  onPick: (folder: string) => Promise<void>
  onClose: () => void
}

/** Chooses a folder by walking to it. */
export function FolderPicker(props: Props) {
  const { title, action, start, paths, isOnlyLooking = false, onPick, onClose } = props
  const { t } = useTranslation()
  const client = useQueryClient()
  const changes = useChanges()
  const [folder, setFolder] = useState(start)
  const [isNaming, setNaming] = useState(false)
  const listing = useQuery(folderQuery(client, folder))
  const picking = useMutation({ mutationFn: () => onPick(folder), onSuccess: onClose })
  const mayBeWritten =
    folder !== start && listing.data?.right === 'write' && !paths.some(path => isWithin(folder, path))
  const isPossible = isOnlyLooking ? listing.data !== undefined : mayBeWritten
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': t('close') }}>
      <Stack gap={12}>
        <Breadcrumb path={folder} onOpen={setFolder} />
        <div className={classes.list}>
          <Answer query={listing}>
            {({ entries }) => (
              <Folders
                entries={entries.filter(entry => entry.kind === 'folder')}
                isRefused={entry => paths.includes(joinPath(folder, entry.name))}
                onOpen={name => setFolder(joinPath(folder, name))}
              />
            )}
          </Answer>
        </div>
        {picking.error && <ErrorPanel error={picking.error} />}
        <Group justify={isOnlyLooking ? 'end' : 'space-between'} gap={8}>
          {!isOnlyLooking && (
            <Button
              variant="default"
              leftSection={<IconFolderPlus size={20} aria-hidden />}
              disabled={listing.data?.right !== 'write'}
              onClick={() => setNaming(true)}
            >
              {t('files.newFolder')}
            </Button>
          )}
          <Group gap={8}>
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button disabled={!isPossible} loading={picking.isPending} onClick={() => picking.mutate()}>
              {action(nameOf(folder) || t('files.home'))}
            </Button>
          </Group>
        </Group>
      </Stack>
      {isNaming && (
        <NameDialog
          title={t('files.newFolder')}
          label={t('name.label')}
          action={t('newFolder.action')}
          initial=""
          isTaken={name => listing.data?.entries.some(entry => entry.name === name) ?? false}
          onName={async name => {
            await changes.create(joinPath(folder, name))
            setFolder(joinPath(folder, name))
          }}
          onClose={() => setNaming(false)}
        />
      )}
    </Modal>
  )
}

interface FoldersProps {
  entries: Entry[]
  isRefused: (entry: Entry) => boolean
  onOpen: (name: string) => void
}

function Folders({ entries, isRefused, onOpen }: FoldersProps) {
  const { t } = useTranslation()
  if (entries.length === 0) {
    return (
      <Text c="dimmed" p={16}>
        {t('picker.empty')}
      </Text>
    )
  }
  return (
    <ul className={classes.folders}>
      {sortEntries(entries, byName).map(entry => (
        <li key={entry.name}>
          <button
            type="button"
            className={classes.folder}
            disabled={isRefused(entry) || !entry.isAvailable}
            onClick={() => onOpen(entry.name)}
          >
            <EntryIcon entry={entry} />
            <span className={classes.name}>{entry.name}</span>
            <IconChevronRight size={20} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  )
}
