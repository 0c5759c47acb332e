import { Text, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { CopyButton } from './copy-button.tsx'

interface Props {
  /** What has to be typed. */
  expected: string
  value: string
  onChange: (value: string) => void
  autoFocus?: boolean
}

/** The name to type before something is lost. */
export function TypeToConfirm({ expected, value, onChange, autoFocus = false }: Props) {
  const { t } = useTranslation()
  return (
    <TextInput
      label={t('typeToConfirm', { expected })}
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
      placeholder={expected}
      autoComplete="off"
      spellCheck={false}
      data-autofocus={autoFocus || undefined}
      rightSection={<CopyButton value={expected} label={t('copyName')} />}
      rightSectionWidth={44}
      description={
        isTyped(expected, value) ? (
          <Text span c="moss">
            {t('matches')}
          </Text>
        ) : undefined
      }
      inputWrapperOrder={['label', 'input', 'description']}
    />
  )
}

export function isTyped(expected: string, value: string): boolean {
  return value.trim() === expected
}
