import { List, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Entry } from '../../api/files.ts'
import { Dialog } from '../../kit/dialog.tsx'

interface Props {
  entries: readonly Entry[]
  onDelete: () => Promise<void>
  onClose: () => void
}

const shown = 8

/** There is no trash yet, so it asks, names what will be gone, and says what could bring it back. */
export function DeleteDialog({ entries, onDelete, onClose }: Props) {
  const { t } = useTranslation()
  const deleting = useMutation({ mutationFn: onDelete, onSuccess: onClose })
  const [first] = entries
  const count = entries.length
  return (
    <Dialog
      title={t('delete.title', { count, name: first?.name })}
      action={t('delete.action', { count })}
      isDangerous
      isBusy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      {count > 1 && (
        <List size="md" className="unbroken">
          {entries.slice(0, shown).map(entry => (
            <List.Item key={entry.name}>{entry.name}</List.Item>
          ))}
          {count > shown && <List.Item>{t('delete.more', { count: count - shown })}</List.Item>}
        </List>
      )}
      {entries.some(entry => entry.kind === 'folder') && <Text>{t('delete.folders')}</Text>}
      <Text>{t('delete.final')}</Text>
    </Dialog>
  )
}
