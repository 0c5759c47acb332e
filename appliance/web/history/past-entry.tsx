import { Button } from '@mantine/core'
import { IconArrowBackUp, IconDownload } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { Entry } from '../api/files.ts'
import { EntryIcon } from '../files/list/entry-icon.tsx'
import { formatBytes } from '../kit/format/bytes.ts'
import { When } from '../kit/format/when.tsx'
import { Row } from '../kit/rows.tsx'

interface Props {
  entry: Entry
  /** Into a folder. */
  to: string
  content: string
  onRestore?: () => void
  /** A folder too. */
  isRestorable?: boolean
}

/** One thing as it was, in a snapshot or a deleted folder. */
export function PastEntry({ entry, to, content, onRestore, isRestorable = false }: Props) {
  const { t } = useTranslation()
  const isFile = entry.kind === 'file'
  const size = isFile && entry.size !== null ? `${formatBytes(entry.size)} · ` : ''
  return (
    <Row
      icon={<EntryIcon entry={entry} />}
      title={entry.name}
      detail={
        <>
          {size}
          <When at={entry.modifiedAt} />
        </>
      }
      {...(isFile ? {} : { to })}
    >
      {isFile && (
        <Button
          component="a"
          href={content}
          variant="subtle"
          leftSection={<IconDownload size={20} aria-hidden />}
        >
          {t('files.download')}
        </Button>
      )}
      {onRestore && (isFile || isRestorable) && (
        <Button variant="subtle" leftSection={<IconArrowBackUp size={20} aria-hidden />} onClick={onRestore}>
          {t('snapshot.restore')}
        </Button>
      )}
    </Row>
  )
}
