import { Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Version } from '../../api/versions.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { formatExact } from '../../kit/format/ago.ts'
import { formatBytes } from '../../kit/format/bytes.ts'

interface LabelProps {
  version: Version
  onLabel: (version: Version, label: string) => Promise<void>
  onClose: () => void
}

/** Gives a version a name, by which it is kept; an empty one takes it away. */
export function LabelVersionDialog({ version, onLabel, onClose }: LabelProps) {
  const { t } = useTranslation()
  const [label, setLabel] = useState(version.label ?? '')
  const labelling = useMutation({ mutationFn: () => onLabel(version, label.trim()), onSuccess: onClose })
  return (
    <Dialog
      title={t('versions.name')}
      action={t('versions.saveName')}
      isReady={label.trim() !== (version.label ?? '')}
      isBusy={labelling.isPending}
      error={labelling.error}
      onConfirm={() => labelling.mutate()}
      onClose={onClose}
    >
      <TextInput
        label={t('versions.nameLabel')}
        description={t('versions.nameHint')}
        maxLength={200}
        value={label}
        onChange={event => setLabel(event.currentTarget.value)}
        autoComplete="off"
        data-autofocus
      />
    </Dialog>
  )
}

interface DeleteProps {
  version: Version
  onDelete: (version: Version) => Promise<void>
  onClose: () => void
}

export function DeleteVersionDialog({ version, onDelete, onClose }: DeleteProps) {
  const { t, i18n } = useTranslation()
  const deleting = useMutation({ mutationFn: () => onDelete(version), onSuccess: onClose })
  return (
    <Dialog
      title={t('versions.deleteTitle')}
      action={t('versions.delete')}
      isDangerous
      isBusy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      <Text className="unbroken">
        {t('versions.deleteText', {
          when: formatExact(new Date(version.modifiedAt), i18n.language),
          size: formatBytes(version.size),
        })}
      </Text>
    </Dialog>
  )
}
