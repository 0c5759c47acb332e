import { Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createSnapshot } from '../api/shares.ts'
import { Dialog } from '../kit/dialog.tsx'
import { useHistoryChange } from './use-history-change.ts'

export function CreateSnapshotDialog({ share, onClose }: { share: string; onClose: () => void }) {
  const { t } = useTranslation()
  const [label, setLabel] = useState('')
  const creating = useHistoryChange(share, () => createSnapshot(share, label.trim()), onClose)
  return (
    <Dialog
      title={t('snapshot.create')}
      action={t('snapshot.create')}
      isBusy={creating.isPending}
      error={creating.error}
      onConfirm={() => creating.mutate()}
      onClose={onClose}
    >
      <Text>{t('snapshot.createText')}</Text>
      <TextInput
        label={t('snapshot.label')}
        value={label}
        onChange={event => setLabel(event.currentTarget.value)}
        data-autofocus
      />
    </Dialog>
  )
}
