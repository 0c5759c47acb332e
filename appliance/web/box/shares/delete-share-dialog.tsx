import { Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { deleteShare } from '../../api/shares.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { useToast } from '../../kit/toast.tsx'
import { isTyped, TypeToConfirm } from '../../kit/type-to-confirm.tsx'

export function DeleteShareDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const [typed, setTyped] = useState('')
  const deleting = useMutation({
    mutationFn: () => deleteShare(name),
    async onSuccess() {
      void navigate('/shares')
      toast.done({ text: t('share.deleted', { name }) })
      await client.invalidateQueries({ queryKey: ['shares'] })
    },
  })
  return (
    <Dialog
      title={t('share.deleteTitle', { name })}
      action={t('share.delete')}
      isDangerous
      isReady={isTyped(name, typed)}
      isBusy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      <Text>{t('share.deleteText')}</Text>
      <TypeToConfirm expected={name} value={typed} onChange={setTyped} autoFocus />
    </Dialog>
  )
}
