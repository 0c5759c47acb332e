import { Button, Select, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chooseValue, type TuningSetting } from '../../api/tuning.ts'
import { ApiFailure } from '../../kit/api/failure.ts'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { useToast } from '../../kit/toast.tsx'
import { useTuningChange } from './use-tuning.ts'

/** A value of one's own, which goes before the plan's and is kept. */
export function SettingChoice({ setting }: { setting: TuningSetting }) {
  const { t } = useTranslation()
  const toast = useToast()
  const { name, title, to, state, choices } = setting
  const [value, setValue] = useState(to)
  const choosing = useTuningChange(
    (chosen: string) => chooseValue(name, chosen),
    () =>
      toast.done({
        text: t(state === 'advice' ? 'hardware.choiceKept' : 'hardware.choicePlanned', { title }),
      }),
  )
  const wrong = choosing.error instanceof ApiFailure ? choosing.error.fields.value : undefined
  const shared = { label: t('hardware.ownValue'), description: t('hardware.ownValueHint'), error: wrong }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (value.trim() !== '' && value !== to) choosing.mutate(value.trim())
  }
  return (
    <form onSubmit={submit}>
      <Stack gap={12}>
        {choices.length > 0 ? (
          <Select
            {...shared}
            data={choices.includes(value) ? choices : [value, ...choices]}
            allowDeselect={false}
            value={value}
            onChange={chosen => setValue(chosen ?? to)}
          />
        ) : (
          <TextInput
            {...shared}
            value={value}
            spellCheck={false}
            autoComplete="off"
            onChange={event => setValue(event.currentTarget.value)}
          />
        )}
        {choosing.error && wrong === undefined && <ErrorPanel error={choosing.error} />}
        <Button
          type="submit"
          variant="default"
          disabled={value.trim() === '' || value === to}
          loading={choosing.isPending}
        >
          {t('hardware.choose')}
        </Button>
      </Stack>
    </form>
  )
}
