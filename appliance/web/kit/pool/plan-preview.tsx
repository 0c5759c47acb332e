import { Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { PoolPlan } from '../../../storage/schema.ts'
import { formatBytes } from '../format/bytes.ts'
import { Notice } from '../notice.tsx'
import classes from './plan-preview.module.css'
import { useProfileName } from './profile-name.ts'

/** What will be done, step by step, before anything is. */
export function PlanPreview({ plan }: { plan: PoolPlan }) {
  const { t } = useTranslation()
  const profileName = useProfileName()
  const { name, profile, usableBytes, lossesSurvived, steps, warnings } = plan
  return (
    <Stack gap={12}>
      <Text>
        <b>{t('pool.planOf', { name, profile: profileName(profile) })}</b>{' '}
        {t('pool.usable', { size: formatBytes(usableBytes) })} ·{' '}
        {t('pool.survives', { count: lossesSurvived })}
      </Text>
      <ol className={classes.steps}>
        {steps.map(step => (
          <li key={`${step.title} ${step.detail}`} data-destructive={step.isDestructive || undefined}>
            <Text fw={500} className="unbroken">
              {step.isDestructive && (
                <IconAlertTriangle size={20} className={classes.alarm} aria-label={t('pool.destructive')} />
              )}
              {step.title}
            </Text>
            <Text size="sm" c="dimmed" className="unbroken">
              {step.detail}
            </Text>
          </li>
        ))}
      </ol>
      {warnings.map(warning => (
        <Notice key={warning} kind="warning">
          {warning}
        </Notice>
      ))}
    </Stack>
  )
}
