import { Button, PasswordInput, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { setPassword } from '../api/people.ts'
import { NewPassword, shortestPassword } from '../kit/account-fields.tsx'
import { ApiFailure } from '../kit/api/failure.ts'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { Card, Part } from '../kit/sheet.tsx'
import { useToast } from '../kit/toast.tsx'

export function OwnPassword({ user }: { user: string }) {
  const { t } = useTranslation()
  const toast = useToast()
  const [current, setCurrent] = useState('')
  const [password, setLocal] = useState('')
  const saving = useMutation({
    mutationFn: () => setPassword(user, { password, current }),
    onSuccess() {
      setCurrent('')
      setLocal('')
      toast.done({ text: t('settings.passwordChanged') })
    },
  })
  const fields = saving.error instanceof ApiFailure ? saving.error.fields : {}
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  return (
    <Part title={t('settings.password')}>
      <Card>
        <form onSubmit={submit}>
          <Stack gap={12} maw={400}>
            <PasswordInput
              label={t('settings.currentPassword')}
              value={current}
              error={fields.current}
              onChange={event => setCurrent(event.currentTarget.value)}
              autoComplete="current-password"
              visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
            />
            <NewPassword
              label={t('account.newPassword')}
              value={password}
              error={fields.password}
              onChange={setLocal}
            />
            {saving.error && Object.keys(fields).length === 0 && <ErrorPanel error={saving.error} />}
            <Button
              type="submit"
              style={{ alignSelf: 'flex-start' }}
              disabled={current === '' || password.length < shortestPassword}
              loading={saving.isPending}
            >
              {t('settings.changePassword')}
            </Button>
          </Stack>
        </form>
      </Card>
    </Part>
  )
}
