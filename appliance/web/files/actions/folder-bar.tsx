import { ActionIcon, Button, FileButton, Menu, TextInput, Tooltip } from '@mantine/core'
import {
  IconFolderPlus,
  IconFolderUp,
  IconLayoutGrid,
  IconList,
  IconSearch,
  IconUpload,
  IconX,
} from '@tabler/icons-react'
import { type RefObject, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './folder-bar.module.css'

export type View = 'list' | 'grid'

interface Props {
  mayWrite: boolean
  view: View
  onView: (view: View) => void
  wanted: string
  onWanted: (text: string) => void
  findRef: RefObject<HTMLInputElement | null>
  onChosen: (files: Iterable<File>) => void
  onNewFolder: () => void
  /** Leaves the search field for the list. */
  onLeaveFind: () => void
}

/** What can be done in a folder while nothing in it is selected. */
export function FolderBar(props: Props) {
  const { t } = useTranslation()
  const { mayWrite, view, onView, onNewFolder } = props
  const other = view === 'list' ? 'grid' : 'list'
  const ViewIcon = other === 'grid' ? IconLayoutGrid : IconList
  return (
    <>
      {mayWrite && <UploadMenu onChosen={props.onChosen} />}
      {mayWrite && (
        <>
          <Button
            visibleFrom="sm"
            variant="default"
            leftSection={<IconFolderPlus size={20} aria-hidden />}
            onClick={onNewFolder}
          >
            {t('files.newFolder')}
          </Button>
          <ActionIcon hiddenFrom="sm" aria-label={t('files.newFolder')} onClick={onNewFolder}>
            <IconFolderPlus size={20} />
          </ActionIcon>
        </>
      )}
      <FindField {...props} />
      <Tooltip label={t(`files.as.${other}`)}>
        <ActionIcon aria-label={t(`files.as.${other}`)} onClick={() => onView(other)}>
          <ViewIcon size={20} />
        </ActionIcon>
      </Tooltip>
    </>
  )
}

function UploadMenu({ onChosen }: Pick<Props, 'onChosen'>) {
  const { t } = useTranslation()
  const folderInput = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={folderInput}
        type="file"
        hidden
        {...{ webkitdirectory: '' }}
        onChange={event => {
          onChosen([...(event.currentTarget.files ?? [])])
          event.currentTarget.value = ''
        }}
      />
      <FileButton multiple onChange={onChosen}>
        {({ onClick: chooseFiles }) => (
          <Menu position="bottom-start" transitionProps={{ duration: 120 }}>
            <Menu.Target>
              <Button leftSection={<IconUpload size={20} aria-hidden />} className={classes.upload ?? ''}>
                <span className={classes.word}>{t('files.upload')}</span>
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconUpload size={20} aria-hidden />} onClick={chooseFiles}>
                {t('upload.files')}
              </Menu.Item>
              <Menu.Item
                leftSection={<IconFolderUp size={20} aria-hidden />}
                onClick={() => folderInput.current?.click()}
              >
                {t('upload.folder')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </FileButton>
    </>
  )
}

function FindField({ wanted, onWanted, findRef, onLeaveFind }: Props) {
  const { t } = useTranslation()
  return (
    <TextInput
      ref={findRef}
      className={classes.find ?? ''}
      type="search"
      value={wanted}
      onChange={event => onWanted(event.currentTarget.value)}
      onKeyDown={event => {
        if (event.key === 'Escape') onWanted('')
        if (event.key === 'Escape' || event.key === 'ArrowDown' || event.key === 'Enter') onLeaveFind()
      }}
      placeholder={t('files.findShort')}
      aria-label={t('files.find')}
      leftSection={<IconSearch size={20} aria-hidden />}
      rightSection={
        wanted !== '' && (
          <ActionIcon aria-label={t('files.clearFind')} onClick={() => onWanted('')}>
            <IconX size={20} />
          </ActionIcon>
        )
      }
    />
  )
}
