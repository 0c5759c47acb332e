import { TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import {
  AccountName,
  isAccountName,
  NewPassword,
  shortestPassword,
} from '../../appliance/web/kit/account-fields.tsx'
import { isHostName } from '../draft.ts'
import type { StepProps } from '../entering.tsx'
import { StepPanel } from '../step-panel.tsx'

interface Props extends StepProps {
  password: string
  onPassword: (password: string) => void
}

/** The box's name and its first administrator. */
export function AccountStep({ draft, onChange, onNext, onBack, password, onPassword }: Props) {
  const { t } = useTranslation()
  const isReady =
    isHostName(draft.hostName) && isAccountName(draft.name) && password.length >= shortestPassword
  return (
    <StepPanel
      step="account"
      title={t('setup.account.title')}
      lead={t('setup.account.lead')}
      isReady={isReady}
      onNext={onNext}
      onBack={onBack}
    >
      <TextInput
        label={t('setup.account.hostName')}
        description={t('setup.account.hostNameHint', { name: draft.hostName || 'cairn' })}
        value={draft.hostName}
        error={
          draft.hostName !== '' && !isHostName(draft.hostName) ? t('setup.account.hostNameWrong') : undefined
        }
        onChange={event => onChange({ hostName: event.currentTarget.value.toLowerCase() })}
        spellCheck={false}
        autoComplete="off"
      />
      <TextInput
        label={t('account.displayName')}
        description={t('account.displayNameHint')}
        value={draft.displayName}
        onChange={event => onChange({ displayName: event.currentTarget.value })}
        autoComplete="name"
      />
      <AccountName value={draft.name} onChange={name => onChange({ name })} />
      <NewPassword value={password} onChange={onPassword} />
    </StepPanel>
  )
}
