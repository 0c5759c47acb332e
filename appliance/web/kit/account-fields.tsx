import { PasswordInput, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

export const shortestPassword = 8

interface NewPasswordProps {
  label?: string
  value: string
  error?: string | undefined
  onChange: (password: string) => void
}

export function NewPassword({ label, value, error, onChange }: NewPasswordProps) {
  const { t } = useTranslation()
  const isShort = value !== '' && value.length < shortestPassword
  return (
    <PasswordInput
      label={label ?? t('account.password')}
      description={t('account.passwordHint')}
      value={value}
      error={error ?? (isShort ? t('account.passwordShort') : undefined)}
      onChange={event => onChange(event.currentTarget.value)}
      autoComplete="new-password"
      visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
    />
  )
}

interface AccountNameProps {
  value: string
  error?: string | undefined
  onChange: (name: string) => void
  isFirst?: boolean
}

/** The name to sign in with; it is a folder, an address and a Samba account too, hence so narrow. */
export function AccountName({ value, error, onChange, isFirst = false }: AccountNameProps) {
  const { t } = useTranslation()
  const isWrong = value !== '' && !isAccountName(value)
  return (
    <TextInput
      label={t('account.name')}
      description={t('account.nameHint')}
      value={value}
      error={error ?? (isWrong ? t('account.nameWrong') : undefined)}
      onChange={event => onChange(event.currentTarget.value.toLowerCase())}
      autoComplete="username"
      autoCapitalize="none"
      spellCheck={false}
      data-autofocus={isFirst || undefined}
    />
  )
}

export function isAccountName(name: string): boolean {
  return /^[a-z_][a-z0-9_.-]{0,31}$/.test(name) && !name.endsWith('.')
}
