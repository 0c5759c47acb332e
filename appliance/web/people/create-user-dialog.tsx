import { Input, SegmentedControl, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createUser, type NewUser } from '../api/people.ts'
import { AccountName, isAccountName, NewPassword, shortestPassword } from '../kit/account-fields.tsx'
import { ApiFailure } from '../kit/api/failure.ts'
import { Dialog } from '../kit/dialog.tsx'
import { usePeopleChange } from './use-people-change.ts'

const empty = { name: '', displayName: '', password: '', role: 'member' as NewUser['role'] }

export function CreateUserDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const [user, setUser] = useState(empty)
  const creating = usePeopleChange(createUser, onClose)
  const fields = creating.error instanceof ApiFailure ? creating.error.fields : {}
  const { displayName, ...rest } = user
  const isReady = isAccountName(user.name) && user.password.length >= shortestPassword
  return (
    <Dialog
      title={t('people.addUser')}
      action={t('people.addUser')}
      isReady={isReady}
      isBusy={creating.isPending}
      error={Object.keys(fields).length > 0 ? undefined : creating.error}
      onConfirm={() =>
        creating.mutate(displayName.trim() === '' ? rest : { ...rest, displayName: displayName.trim() })
      }
      onClose={onClose}
    >
      <AccountName
        isFirst
        value={user.name}
        error={fields.name}
        onChange={name => setUser({ ...user, name })}
      />
      <TextInput
        label={t('account.displayName')}
        description={t('account.displayNameHint')}
        value={displayName}
        error={fields.displayName}
        onChange={event => setUser({ ...user, displayName: event.currentTarget.value })}
        autoComplete="off"
      />
      <NewPassword
        value={user.password}
        error={fields.password}
        onChange={password => setUser({ ...user, password })}
      />
      <RoleChoice role={user.role} onChange={role => setUser({ ...user, role })} />
    </Dialog>
  )
}

export function RoleChoice({
  role,
  onChange,
}: {
  role: NewUser['role']
  onChange: (role: NewUser['role']) => void
}) {
  const { t } = useTranslation()
  const data = (['member', 'admin'] as const).map(value => ({ value, label: t(`people.role.${value}`) }))
  return (
    <Input.Wrapper
      label={t('people.roleLabel')}
      description={t(`people.roleHint.${role}`)}
      labelElement="div"
    >
      <div>
        <SegmentedControl
          aria-label={t('people.roleLabel')}
          data={data}
          value={role}
          onChange={value => onChange(value as NewUser['role'])}
        />
      </div>
    </Input.Wrapper>
  )
}
