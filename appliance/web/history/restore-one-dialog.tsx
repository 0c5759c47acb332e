import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Entry } from '../api/files.ts'
import { restoreSnapshot } from '../api/shares.ts'
import { Dialog } from '../kit/dialog.tsx'
import { useToast } from '../kit/toast.tsx'
import { useHistoryChange } from './use-history-change.ts'

interface Props {
  share: string
  id: string
  path: string
  entry: Entry
  onClose: () => void
}

/** Puts one file back to where it was. */
export function RestoreOneDialog({ share, id, path, entry, onClose }: Props) {
  const { t } = useTranslation()
  const toast = useToast()
  const restoring = useHistoryChange(
    share,
    () => restoreSnapshot(share, id, path),
    () => {
      toast.done({ text: t('snapshot.restored', { name: entry.name }) })
      onClose()
    },
  )
  return (
    <Dialog
      title={t('snapshot.restoreTitle', { name: entry.name })}
      action={t('snapshot.restore')}
      isBusy={restoring.isPending}
      error={restoring.error}
      onConfirm={() => restoring.mutate()}
      onClose={onClose}
    >
      <Text>{t('snapshot.restoreText')}</Text>
    </Dialog>
  )
}
