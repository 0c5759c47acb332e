import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { deleteSnapshot, type Snapshot } from '../api/shares.ts'
import { Dialog } from '../kit/dialog.tsx'
import { formatExact } from '../kit/format/ago.ts'
import { useHistoryChange } from './use-history-change.ts'

interface Props {
  share: string
  snapshot: Snapshot
  onClose: () => void
}

export function DeleteSnapshotDialog({ share, snapshot, onClose }: Props) {
  const { t, i18n } = useTranslation()
  const deleting = useHistoryChange(share, () => deleteSnapshot(share, snapshot.id), onClose)
  return (
    <Dialog
      title={t('snapshot.deleteTitle')}
      action={t('snapshot.delete')}
      isDangerous
      isBusy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      <Text fw={600}>{formatExact(new Date(snapshot.createdAt), i18n.language)}</Text>
      <Text>{t('snapshot.deleteText')}</Text>
    </Dialog>
  )
}
