import { Radio, Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteUser, type User } from '../api/people.ts'
import { Dialog } from '../kit/dialog.tsx'
import { isTyped, TypeToConfirm } from '../kit/type-to-confirm.tsx'
import { usePeopleChange } from './use-people-change.ts'

interface Props {
  user: User
  onClose: () => void
  onDeleted: () => void
}

/** Deletes an account. Its files stay unless somebody says otherwise. */
export function DeleteUserDialog({ user, onClose, onDeleted }: Props) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [home, setHome] = useState<'keep' | 'delete'>('keep')
  const deleting = usePeopleChange(() => deleteUser(user.name, home), onDeleted)
  return (
    <Dialog
      title={t('people.deleteTitle', { name: user.displayName })}
      action={home === 'delete' ? t('people.deleteWithFiles') : t('people.delete')}
      isDangerous
      isReady={isTyped(user.name, typed)}
      isBusy={deleting.isPending}
      error={deleting.error}
      onConfirm={() => deleting.mutate(undefined)}
      onClose={onClose}
    >
      <Radio.Group
        label={t('people.homeLabel')}
        value={home}
        onChange={value => setHome(value as 'keep' | 'delete')}
      >
        <Stack gap={12} mt={8}>
          <Radio value="keep" label={t('people.homeKeep')} description={t('people.homeKeepHint')} />
          <Radio value="delete" label={t('people.homeDelete')} description={t('people.homeDeleteHint')} />
        </Stack>
      </Radio.Group>
      <TypeToConfirm expected={user.name} value={typed} onChange={setTyped} />
    </Dialog>
  )
}
