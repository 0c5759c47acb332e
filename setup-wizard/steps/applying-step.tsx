import { Button, Progress, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Job } from '../../appliance/jobs/schema.ts'
import { ApiFailure } from '../../appliance/web/kit/api/failure.ts'
import { ErrorPanel } from '../../appliance/web/kit/error-panel.tsx'
import { StepPanel } from '../step-panel.tsx'

/** The box at work. It goes on when this page is closed. */
export function ApplyingStep({ job, onBack }: { job: Job; onBack: () => void }) {
  const { t } = useTranslation()
  if (job.state === 'failed' || job.state === 'cancelled') return <Failed job={job} onBack={onBack} />
  return (
    <StepPanel title={t('setup.applying.title')} lead={t('setup.applying.lead')}>
      <Progress
        value={(job.fraction ?? 1) * 100}
        animated={job.fraction === null}
        size={12}
        aria-label={t('setup.applying.title')}
      />
      <Text aria-live="polite">{job.message}</Text>
    </StepPanel>
  )
}

function Failed({ job, onBack }: { job: Job; onBack: () => void }) {
  const { t } = useTranslation()
  const { code, message } = job.error ?? {
    code: 'jobs/interrupted',
    message: t('setup.applying.interrupted'),
  }
  return (
    <StepPanel title={t('setup.applying.failed')}>
      <ErrorPanel error={new ApiFailure({ status: 500, code, message })} />
      <Button onClick={onBack} style={{ alignSelf: 'flex-start' }}>
        {t('setup.applying.again')}
      </Button>
    </StepPanel>
  )
}
