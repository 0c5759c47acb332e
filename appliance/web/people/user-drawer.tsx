import { Button, Divider, Drawer, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { changeUser, setPassword, type User } from '../api/people.ts'
import { NewPassword, shortestPassword } from '../kit/account-fields.tsx'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { Facts } from '../kit/facts.tsx'
import { Fold } from '../kit/fold.tsx'
import { When } from '../kit/format/when.tsx'
import { useToast } from '../kit/toast.tsx'
import { NfsEditor } from '../nfs/nfs-editor.tsx'
import { RoleChoice } from './create-user-dialog.tsx'
import { DeleteUserDialog } from './delete-user-dialog.tsx'
import { usePeopleChange } from './use-people-change.ts'

/** One account: name and role, a new password, its home over NFS, its end. */
export function UserDrawer({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation()
  const [isDeleting, setDeleting] = useState(false)
  const [isCovered, setCovered] = useState(false)
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      // Esc closes the topmost thing alone.
      closeOnEscape={!isCovered && !isDeleting}
      title={user.displayName}
      transitionProps={{ duration: 130 }}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap={24}>
        <Facts
          facts={[
            [t('account.name'), user.name],
            [t('people.groups'), user.groups.join(', ') || t('people.noGroup')],
            [t('people.since'), <When key="since" at={user.createdAt} />],
          ]}
        />
        <ProfileForm user={user} />
        <Divider />
        <PasswordForm user={user} />
        <Divider />
        <Fold label={t('nfs.homeTitle')}>
          <NfsEditor place={{ kind: 'homes', name: user.name }} onCovered={setCovered} />
        </Fold>
        <Divider />
        <Button color="red" variant="outline" onClick={() => setDeleting(true)}>
          {t('people.delete')}
        </Button>
      </Stack>
      {isDeleting && <DeleteUserDialog user={user} onClose={() => setDeleting(false)} onDeleted={onClose} />}
    </Drawer>
  )
}

function ProfileForm({ user }: { user: User }) {
  const { t } = useTranslation()
  const toast = useToast()
  const [displayName, setDisplayName] = useState(user.displayName)
  const [role, setRole] = useState(user.role)
  const saving = usePeopleChange(
    () => changeUser(user.name, { displayName: displayName.trim(), role }),
    () => toast.done({ text: t('people.saved', { name: user.name }) }),
  )
  const isChanged = displayName.trim() !== user.displayName || role !== user.role
  return (
    <Stack gap={12}>
      <TextInput
        label={t('account.displayName')}
        value={displayName}
        onChange={event => setDisplayName(event.currentTarget.value)}
      />
      <RoleChoice role={role} onChange={setRole} />
      {saving.error && <ErrorPanel error={saving.error} />}
      <Button
        disabled={!isChanged || displayName.trim() === ''}
        loading={saving.isPending}
        onClick={() => saving.mutate(undefined)}
      >
        {t('save')}
      </Button>
    </Stack>
  )
}

function PasswordForm({ user }: { user: User }) {
  const { t } = useTranslation()
  const toast = useToast()
  const [password, setLocal] = useState('')
  const saving = usePeopleChange(
    () => setPassword(user.name, { password }),
    () => {
      setLocal('')
      toast.done({ text: t('people.passwordSet', { name: user.name }) })
    },
  )
  return (
    <Stack gap={12}>
      <NewPassword label={t('account.newPassword')} value={password} onChange={setLocal} />
      <Text size="sm" c="dimmed">
        {t('people.passwordNote')}
      </Text>
      {saving.error && <ErrorPanel error={saving.error} />}
      <Button
        variant="default"
        disabled={password.length < shortestPassword}
        loading={saving.isPending}
        onClick={() => saving.mutate(undefined)}
      >
        {t('people.setPassword')}
      </Button>
    </Stack>
  )
}
