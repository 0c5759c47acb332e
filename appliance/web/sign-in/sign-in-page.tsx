import { Button, Checkbox, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { sessionQuery, signIn } from '../api/session.ts'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { Mark } from '../kit/mark.tsx'
import { useTitle } from '../kit/use-title.ts'
import classes from './sign-in-page.module.css'

export function SignInPage() {
  const { t } = useTranslation()
  useTitle(t('signIn.title'))
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [remember, setRemember] = useState(false)
  const signing = useMutation({
    mutationFn: signIn,
    onSuccess: person => client.setQueryData(sessionQuery.queryKey, person),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signing.mutate({ name: name.trim(), password, remember })
  }
  return (
    <main className={classes.page}>
      <form onSubmit={submit} className={classes.card}>
        <Stack gap={16}>
          <Stack gap={8} align="center">
            <Mark size={56} />
            <Title order={1} size="h2">
              {t('signIn.title')}
            </Title>
          </Stack>
          <TextInput
            label={t('signIn.name')}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            value={name}
            onChange={event => setName(event.currentTarget.value)}
            required
            withAsterisk={false}
            autoFocus
          />
          <PasswordInput
            label={t('signIn.password')}
            name="password"
            autoComplete="current-password"
            value={password}
            onChange={event => setPassword(event.currentTarget.value)}
            required
            withAsterisk={false}
            visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
          />
          <Checkbox
            label={t('signIn.remember')}
            checked={remember}
            onChange={event => setRemember(event.currentTarget.checked)}
          />
          {signing.error && <ErrorPanel error={signing.error} />}
          <Button type="submit" loading={signing.isPending}>
            {t('signIn.action')}
          </Button>
        </Stack>
      </form>
    </main>
  )
}
