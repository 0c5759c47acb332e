import { List, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { emptyTrash, type HistoryUsage } from '../api/trash.ts'
import { Dialog } from '../kit/dialog.tsx'
import { formatBytes } from '../kit/format/bytes.ts'
import { useToast } from '../kit/toast.tsx'

interface Props {
  place: string | undefined
  /** Those that would be emptied. */
  volumes: HistoryUsage['volumes']
  onClose: () => void
}

/** Says of each home and share how much would be gone. */
export function EmptyTrashDialog({ place, volumes, onClose }: Props) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  const emptying = useMutation({
    mutationFn: () => emptyTrash(place),
    onSuccess() {
      toast.done({ text: t('trash.emptied') })
      onClose()
    },
    onSettled() {
      for (const key of ['trash', 'history-usage']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
  return (
    <Dialog
      title={t('trash.emptyTitle')}
      action={t('trash.emptyAction', { count: volumes.reduce((sum, one) => sum + one.trashItems, 0) })}
      isDangerous
      isBusy={emptying.isPending}
      error={emptying.error}
      onConfirm={() => emptying.mutate()}
      onClose={onClose}
    >
      <Text>{t('trash.emptyText')}</Text>
      <List size="md" className="unbroken">
        {volumes.map(({ path, share, trashItems, trashBytes }) => (
          <List.Item key={path}>
            {t('trash.emptyOne', {
              count: trashItems,
              place: share ?? t('trash.home'),
              size: formatBytes(trashBytes),
            })}
          </List.Item>
        ))}
      </List>
      <Text>{t('trash.final')}</Text>
    </Dialog>
  )
}
