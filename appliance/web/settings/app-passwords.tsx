import { Button, Modal, Stack, Text, TextInput } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { type AppPassword, appPasswordsQuery, createAppPassword, deleteAppPassword } from '../api/people.ts'
import { Answer } from '../kit/answer.tsx'
import { CopyLine } from '../kit/copy-line.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { When } from '../kit/format/when.tsx'
import { Row, Rows } from '../kit/rows.tsx'
import { Part } from '../kit/sheet.tsx'

/** A password of its own for each app and device, so that one can be taken back without the others. */
export function AppPasswords({ user }: { user: string }) {
  const { t } = useTranslation()
  const list = useQuery(appPasswordsQuery(user))
  const [isCreating, setCreating] = useState(false)
  const [revoked, setRevoked] = useState<AppPassword | null>(null)
  const [made, setMade] = useState<{ label: string; password: string } | null>(null)
  return (
    <Part
      title={t('appPassword.title')}
      action={
        <Button
          variant="default"
          leftSection={<IconPlus size={20} aria-hidden />}
          onClick={() => setCreating(true)}
        >
          {t('appPassword.create')}
        </Button>
      }
    >
      <Text c="dimmed" className="prose">
        {t('appPassword.hint')}
      </Text>
      <Answer query={list} rows={2} height={56}>
        {found =>
          found.length > 0 && (
            <Rows label={t('appPassword.title')}>
              {found.map(one => (
                <Row
                  key={one.id}
                  icon={<IconKey size={20} />}
                  title={one.label}
                  detail={<LastUsed at={one.lastUsedAt} />}
                >
                  <Button variant="subtle" color="red" onClick={() => setRevoked(one)}>
                    {t('appPassword.revoke')}
                  </Button>
                </Row>
              ))}
            </Rows>
          )
        }
      </Answer>
      {isCreating && <CreateDialog user={user} onMade={setMade} onClose={() => setCreating(false)} />}
      {made && <ShownOnce {...made} user={user} onClose={() => setMade(null)} />}
      {revoked && <RevokeDialog user={user} appPassword={revoked} onClose={() => setRevoked(null)} />}
    </Part>
  )
}

function LastUsed({ at }: { at: string | null }) {
  const { t } = useTranslation()
  if (at === null) return t('appPassword.neverUsed')
  return <Trans i18nKey="appPassword.used" components={{ when: <When at={at} /> }} />
}

interface CreateProps {
  user: string
  onMade: (made: { label: string; password: string }) => void
  onClose: () => void
}

function CreateDialog({ user, onMade, onClose }: CreateProps) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [label, setLabel] = useState('')
  const creating = useMutation({
    mutationFn: () => createAppPassword(user, label.trim()),
    async onSuccess(made) {
      onMade(made)
      onClose()
      await client.invalidateQueries({ queryKey: ['app-passwords'] })
    },
  })
  return (
    <Dialog
      title={t('appPassword.create')}
      action={t('appPassword.create')}
      isReady={label.trim() !== ''}
      isBusy={creating.isPending}
      error={creating.error}
      onConfirm={() => creating.mutate()}
      onClose={onClose}
    >
      <TextInput
        label={t('appPassword.label')}
        placeholder={t('appPassword.labelHint')}
        value={label}
        onChange={event => setLabel(event.currentTarget.value)}
        data-autofocus
      />
    </Dialog>
  )
}

function ShownOnce({
  user,
  label,
  password,
  onClose,
}: {
  user: string
  label: string
  password: string
  onClose: () => void
}) {
  const { t } = useTranslation()
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('appPassword.made', { label })}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap={16}>
        <Text>{t('appPassword.once')}</Text>
        <CopyLine label={t('account.name')} value={user} />
        <CopyLine label={t('account.password')} value={password} />
        <Button onClick={onClose}>{t('appPassword.kept')}</Button>
      </Stack>
    </Modal>
  )
}

function RevokeDialog({
  user,
  appPassword,
  onClose,
}: {
  user: string
  appPassword: AppPassword
  onClose: () => void
}) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const revoking = useMutation({
    mutationFn: () => deleteAppPassword(user, appPassword.id),
    async onSuccess() {
      onClose()
      await client.invalidateQueries({ queryKey: ['app-passwords'] })
    },
  })
  return (
    <Dialog
      title={t('appPassword.revokeTitle', { label: appPassword.label })}
      action={t('appPassword.revoke')}
      isDangerous
      isBusy={revoking.isPending}
      error={revoking.error}
      onConfirm={() => revoking.mutate()}
      onClose={onClose}
    >
      {t('appPassword.revokeText')}
    </Dialog>
  )
}
