import { Switch } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { type Automatic, switchAutomatic } from '../../api/tuning.ts'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { Notice } from '../../kit/notice.tsx'
import { Card } from '../../kit/sheet.tsx'
import { useTuningChange } from './use-tuning.ts'

/** Whether anybody has to ask for what is planned. */
export function ByItself({ automatic: { isOn, isCancelled } }: { automatic: Automatic }) {
  const { t } = useTranslation()
  const switching = useTuningChange(switchAutomatic, () => undefined)
  return (
    <>
      <Card>
        <Switch
          label={t('hardware.byItself.switch')}
          description={t('hardware.byItself.hint')}
          checked={switching.isPending ? switching.variables : isOn}
          onChange={event => switching.mutate(event.currentTarget.checked)}
        />
        {switching.error && <ErrorPanel error={switching.error} />}
      </Card>
      {isOn && isCancelled && (
        <Notice kind="info" title={t('hardware.byItself.cancelled')}>
          {t('hardware.byItself.cancelledHint')}
        </Notice>
      )}
    </>
  )
}
