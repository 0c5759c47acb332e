import { Button, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useErrorText } from '../../kit/error-text.ts'
import { formatBytes } from '../../kit/format/bytes.ts'
import { timeLeft } from '../../kit/format/duration.ts'
import type { Work } from '../../kit/tray/tray.tsx'
import { nameOf } from '../path.ts'
import type { BatchProgress } from './batch.ts'
import { useUploads, useUploadsState } from './uploads-context.tsx'

const shownFailures = 5

/** The uploads as the tray shows them. */
export function useUploadWorks(): Work[] {
  const { t } = useTranslation()
  const uploads = useUploads()
  const { batches } = useUploadsState(uploads)

  return batches.map(batch => ({
    id: `upload-${batch.id}`,
    title: titleOf(batch),
    detail: batch.state === 'running' ? progressOf(batch) : resultOf(batch),
    fraction: batch.bytes === 0 ? null : batch.bytesSent / batch.bytes,
    state: batch.state === 'running' ? 'running' : batch.failures.length > 0 ? 'failed' : 'done',
    onCancel: () => uploads.cancel(batch.id),
    onDismiss: () => uploads.dismiss(batch.id),
    children: batch.failures.length > 0 && <Failures batch={batch} onRetry={() => uploads.retry(batch.id)} />,
  }))

  function titleOf({ files, folder, state }: BatchProgress): string {
    const key = state === 'running' ? 'upload.title' : 'upload.titleDone'
    return t(key, { count: files, folder: nameOf(folder) || t('files.home') })
  }

  function progressOf({ files, filesDone, bytes, bytesSent, bytesPerSecond }: BatchProgress): string {
    const parts = [
      t('upload.ofFiles', { done: filesDone, count: files }),
      `${formatBytes(bytesSent)} / ${formatBytes(bytes)}`,
    ]
    if (bytesPerSecond)
      parts.push(`${formatBytes(bytesPerSecond)}/s`, timeLeft(t, (bytes - bytesSent) / bytesPerSecond))
    return parts.join(' · ')
  }

  function resultOf({ state, filesDone, filesSkipped, failures }: BatchProgress): string {
    const parts = [t('upload.done', { count: filesDone })]
    if (state === 'cancelled') parts.push(t('upload.cancelled'))
    if (filesSkipped > 0) parts.push(t('upload.skipped', { count: filesSkipped }))
    if (failures.length > 0) parts.push(t('upload.failed', { count: failures.length }))
    return parts.join(' · ')
  }
}

function Failures({ batch, onRetry }: { batch: BatchProgress; onRetry: () => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const more = batch.failures.length - shownFailures
  return (
    <div role="alert">
      {batch.failures.slice(0, shownFailures).map(({ path, error }) => (
        <Text key={path} size="sm" className="unbroken">
          <b>{path}</b>: {errorText(error).what} {errorText(error).next}
        </Text>
      ))}
      {more > 0 && <Text size="sm">{t('upload.moreFailures', { count: more })}</Text>}
      {batch.state !== 'running' && (
        <Button variant="default" size="sm" mt={8} onClick={onRetry}>
          {t('tryAgain')}
        </Button>
      )}
    </div>
  )
}
