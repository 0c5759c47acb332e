import { List, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { PoolPlan } from '../../../storage/schema.ts'
import { formatBytes } from '../format/bytes.ts'
import { Notice } from '../notice.tsx'
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
      <List spacing={8} center={false}>
        {steps.map(step => (
          <List.Item
            key={`${step.title} ${step.detail}`}
            icon={<StepIcon isDestructive={step.isDestructive} />}
          >
            <Text fw={500}>{step.title}</Text>
            <Text size="sm" c="dimmed" className="unbroken">
              {step.detail}
            </Text>
          </List.Item>
        ))}
      </List>
      {warnings.map(warning => (
        <Notice key={warning} kind="warning">
          {warning}
        </Notice>
      ))}
    </Stack>
  )
}

function StepIcon({ isDestructive }: { isDestructive: boolean }) {
  const { t } = useTranslation()
  const Icon = isDestructive ? IconAlertTriangle : IconCheck
  return (
    <ThemeIcon variant="transparent" color={isDestructive ? 'red' : 'moss'} size={24}>
      <Icon
        size={20}
        aria-label={isDestructive ? t('pool.destructive') : undefined}
        aria-hidden={!isDestructive}
      />
    </ThemeIcon>
  )
}
