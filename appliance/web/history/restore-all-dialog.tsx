import { Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { restoreSnapshot, type Snapshot } from '../api/shares.ts'
import { Dialog } from '../kit/dialog.tsx'
import { formatExact } from '../kit/format/ago.ts'
import { useToast } from '../kit/toast.tsx'
import { isTyped, TypeToConfirm } from '../kit/type-to-confirm.tsx'
import { useHistoryChange } from './use-history-change.ts'

interface Props {
  share: string
  snapshot: Snapshot
  onClose: () => void
}

/** Puts a whole share back; what it is now is kept as a snapshot, so this too can be undone. */
export function RestoreAllDialog({ share, snapshot, onClose }: Props) {
  const { t, i18n } = useTranslation()
  const toast = useToast()
  const [typed, setTyped] = useState('')
  const restoring = useHistoryChange(
    share,
    () => restoreSnapshot(share, snapshot.id),
    () => {
      toast.done({ text: t('snapshot.restoredAll', { share }) })
      onClose()
    },
  )
  return (
    <Dialog
      title={t('snapshot.restoreAllTitle', { share })}
      action={t('snapshot.restoreAll')}
      isDangerous
      isReady={isTyped(share, typed)}
      isBusy={restoring.isPending}
      error={restoring.error}
      onConfirm={() => restoring.mutate()}
      onClose={onClose}
    >
      <Text fw={600}>{formatExact(new Date(snapshot.createdAt), i18n.language)}</Text>
      <Text>{t('snapshot.restoreAllText')}</Text>
      <TypeToConfirm expected={share} value={typed} onChange={setTyped} autoFocus />
    </Dialog>
  )
}
