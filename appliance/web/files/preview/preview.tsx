import { Button, Group, Modal, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import type { Entry } from '../../api/files.ts'
import { formatBytes } from '../../kit/format/bytes.ts'
import { Skeletons } from '../../kit/skeletons.tsx'
import { type FileType, fileType } from '../file-type.ts'
import classes from './preview.module.css'

const TextPreview = lazy(async () => ({ default: (await import('./text-preview.tsx')).TextPreview }))
const PdfPreview = lazy(async () => ({ default: (await import('./pdf-preview.tsx')).PdfPreview }))

const largestImageBytes = 60_000_000
const largestPdfBytes = 100_000_000

type Previewed = Pick<Entry, 'name' | 'kind' | 'size'>

interface Props {
  entry: Previewed
  /** Where its content is: of the file, or of what it was before. */
  address: string
  /** The same, to be saved. */
  download: string
  onClose: () => void
}

/** A look at a file without leaving the place. Only kinds that cannot run anything here. */
export function Preview({ entry, address, download, onClose }: Props) {
  const { t } = useTranslation()
  return (
    <Modal
      opened
      onClose={onClose}
      title={entry.name}
      size="auto"
      classNames={{ content: classes.content ?? '', title: 'unbroken', body: classes.body ?? '' }}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <div className={classes.stage}>
        <Suspense fallback={<Skeletons />}>
          <Content entry={entry} address={address} />
        </Suspense>
      </div>
      <Group justify="space-between" mt={12}>
        <Text size="sm" c="dimmed" className="tabular">
          {formatBytes(entry.size ?? 0)}
        </Text>
        <Button
          component="a"
          href={download}
          variant="default"
          leftSection={<IconDownload size={20} aria-hidden />}
        >
          {t('files.download')}
        </Button>
      </Group>
    </Modal>
  )
}

function Content({ entry, address }: { entry: Previewed; address: string }) {
  const { t } = useTranslation()
  const kind = previewKind(entry)
  if (kind === 'image') return <img src={address} alt={entry.name} className={classes.picture} />
  if (kind === 'text') return <TextPreview address={address} />
  if (kind === 'pdf') return <PdfPreview address={address} name={entry.name} />
  // biome-ignore lint/a11y/useMediaCaption: nobody has captions for a person's own recordings
  if (kind === 'video') return <video src={address} controls autoPlay className={classes.picture} />
  // biome-ignore lint/a11y/useMediaCaption: nobody has captions for a person's own recordings
  if (kind === 'audio') return <audio src={address} controls autoPlay />
  return <Text p={24}>{t('preview.none')}</Text>
}

function previewKind({ name, size }: Previewed): FileType {
  const kind = fileType(name)
  if (kind === 'image' && (size ?? 0) > largestImageBytes) return 'other'
  return kind === 'pdf' && (size ?? 0) > largestPdfBytes ? 'other' : kind
}

/** Whether opening a file shows it, or downloads it. */
export function isPreviewable(entry: Previewed): boolean {
  return entry.kind === 'file' && !['other', 'archive'].includes(previewKind(entry))
}
