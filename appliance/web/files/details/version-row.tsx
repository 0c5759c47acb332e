import { ActionIcon, Badge, Menu, Tooltip } from '@mantine/core'
import {
  IconArrowBackUp,
  IconCamera,
  IconDots,
  IconDownload,
  IconEye,
  IconFile,
  IconHistory,
  IconTag,
  IconTrash,
} from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { type Version, versionContentAddress } from '../../api/versions.ts'
import { formatExact } from '../../kit/format/ago.ts'
import { formatBytes } from '../../kit/format/bytes.ts'
import { When } from '../../kit/format/when.tsx'
import { Row } from '../../kit/rows.tsx'
import { nameOf } from '../path.ts'
import { isPreviewable } from '../preview/preview.tsx'
import type { VersionAction } from './versions.tsx'

interface Props {
  path: string
  version: Version
  mayWrite: boolean
  isBusy: boolean
  onRestore: () => void
  onAction: (action: VersionAction) => void
}

/** One content: when it was made, by whom, how large it is, what it is called; and what can be done with it. */
export function VersionRow(props: Props) {
  const { t, i18n } = useTranslation()
  const { version, mayWrite, isBusy, onRestore } = props
  const { current, kind, modifiedAt, author, size, label } = version
  const when = formatExact(new Date(modifiedAt), i18n.language)
  const Icon = current ? IconFile : kind === 'snapshot' ? IconCamera : IconHistory
  return (
    <Row
      icon={<Icon size={20} />}
      title={
        <>
          <When at={modifiedAt} /> {label && kind === 'version' && <Badge variant="light">{label}</Badge>}
        </>
      }
      detail={[...(current ? [t('versions.present')] : []), author, formatBytes(size), originOf(version)]
        .filter(Boolean)
        .join(' · ')}
    >
      {!current && mayWrite && (
        <Tooltip label={t('versions.restore')}>
          <ActionIcon aria-label={t('versions.restoreOf', { when })} disabled={isBusy} onClick={onRestore}>
            <IconArrowBackUp size={20} />
          </ActionIcon>
        </Tooltip>
      )}
      <VersionMenu {...props} when={when} />
    </Row>
  )

  function originOf({ takenAt, label: note }: Version): string | undefined {
    if (takenAt === null) return undefined
    return note ? t('versions.ofSnapshotNamed', { note }) : t('versions.ofSnapshot')
  }
}

function VersionMenu({ path, version, mayWrite, when, onAction }: Props & { when: string }) {
  const { t } = useTranslation()
  const { id, kind, current, size, label } = version
  const isOwn = kind === 'version' && mayWrite
  return (
    <Menu position="bottom-end" transitionProps={{ duration: 120 }}>
      <Menu.Target>
        <ActionIcon aria-label={t('versions.moreOf', { when })}>
          <IconDots size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {isPreviewable({ name: nameOf(path), kind: 'file', size }) && (
          <Menu.Item leftSection={<IconEye size={20} aria-hidden />} onClick={() => onAction('preview')}>
            {t('versions.preview')}
          </Menu.Item>
        )}
        <Menu.Item
          component="a"
          href={versionContentAddress(path, id)}
          leftSection={<IconDownload size={20} aria-hidden />}
        >
          {t('files.download')}
        </Menu.Item>
        {isOwn && (
          <Menu.Item leftSection={<IconTag size={20} aria-hidden />} onClick={() => onAction('label')}>
            {t(label ? 'versions.rename' : 'versions.name')}
          </Menu.Item>
        )}
        {isOwn && !current && (
          <Menu.Item
            c="var(--cairn-danger)"
            leftSection={<IconTrash size={20} aria-hidden />}
            onClick={() => onAction('delete')}
          >
            {t('versions.delete')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
