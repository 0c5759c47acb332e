import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createGroup } from '../api/people.ts'
import { AccountName, isAccountName } from '../kit/account-fields.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { MembersChoice } from './members-choice.tsx'
import { usePeopleChange } from './use-people-change.ts'

export function CreateGroupDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [members, setMembers] = useState<string[]>([])
  const creating = usePeopleChange(createGroup, onClose)
  return (
    <Dialog
      title={t('people.addGroup')}
      action={t('people.addGroup')}
      isReady={isAccountName(name)}
      isBusy={creating.isPending}
      error={creating.error}
      onConfirm={() => creating.mutate({ name, members })}
      onClose={onClose}
    >
      <AccountName isFirst value={name} onChange={setName} />
      <MembersChoice members={members} onChange={setMembers} />
    </Dialog>
  )
}
