import { Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { deleteTrash, type TrashChoice, type TrashItem } from '../api/trash.ts'
import { Dialog } from '../kit/dialog.tsx'
import { formatBytes } from '../kit/format/bytes.ts'
import { useToast } from '../kit/toast.tsx'
import { NameList } from './name-list.tsx'

type Thing = TrashChoice & Pick<TrashItem, 'name' | 'kind' | 'size'>

/** The last question before things are gone: what they are, how large, and what could still bring them back. */
export function DeleteForGoodDialog({ things, onClose }: { things: readonly Thing[]; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  const [first] = things
  const count = things.length
  const deleting = useMutation({
    mutationFn: () => deleteTrash(things.map(({ id, path }) => ({ id, ...(path ? { path } : {}) }))),
    onSuccess() {
      toast.done({ text: t('trash.deleted', { count, name: first?.name }) })
      onClose()
    },
    onSettled() {
      for (const key of ['trash', 'history-usage']) void client.invalidateQueries({ queryKey: [key] })
    },
  })
  const known = things.flatMap(({ size }) => size ?? [])
  const size = formatBytes(known.reduce((sum, one) => sum + one, 0))
  return (
    <Dialog
      title={t('trash.deleteTitle', { count, name: first?.name })}
      action={t('trash.delete')}
      isDangerous
      isBusy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      {count > 1 && <NameList names={things.map(({ name }) => name)} />}
      <Text>
        {known.length === count ? t('trash.amount', { size }) : t('trash.amountUnknown')}{' '}
        {things.some(({ kind }) => kind === 'folder') && t('delete.folders')}
      </Text>
      <Text>{t('trash.final')}</Text>
    </Dialog>
  )
}
