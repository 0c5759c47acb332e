import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { Answer } from '../../appliance/web/kit/answer.tsx'
import { Notice } from '../../appliance/web/kit/notice.tsx'
import { PoolPlanner, usePoolPlan } from '../../appliance/web/kit/pool/pool-planner.tsx'
import type { PoolWish } from '../../appliance/web/kit/pool/wish.ts'
import { setupDisksQuery, setupQuestions } from '../api.ts'
import type { StepProps } from '../entering.tsx'
import { StepPanel } from '../step-panel.tsx'

/** Which disks, and what they become. Nothing is done to them before the review. */
export function DisksStep({
  draft,
  onChange,
  onNext,
  onBack,
  isPractice,
}: StepProps & { isPractice: boolean }) {
  const { t } = useTranslation()
  const disks = useQuery(setupDisksQuery)
  const plan = usePoolPlan(draft.pool, setupQuestions)
  const hasDisks = disks.data?.some(disk => disk.isOffered) ?? false
  const onWish = useCallback((pool: PoolWish) => onChange({ pool, isWithoutPool: false }), [onChange])
  const skip = () => {
    onChange({ isWithoutPool: true })
    onNext()
  }
  const isPlanned = draft.pool.disks.length > 0 && plan.data !== undefined && !plan.isError
  return (
    <StepPanel
      step="disks"
      title={t('setup.disks.title')}
      lead={t('setup.disks.lead')}
      isReady={isPlanned || draft.isWithoutPool}
      onNext={onNext}
      onBack={onBack}
      aside={
        disks.data && !hasDisks ? (
          <Button variant="default" onClick={skip}>
            {t('setup.disks.skip')}
          </Button>
        ) : undefined
      }
    >
      {isPractice && <Notice kind="info">{t('setup.disks.practice')}</Notice>}
      <Answer query={disks} height={76}>
        {found => (
          <>
            {!hasDisks && (
              <Notice kind="warning" title={t('setup.disks.none')}>
                {t('setup.disks.noneText')}
              </Notice>
            )}
            <PoolPlanner disks={found} wish={draft.pool} onWish={onWish} questions={setupQuestions} />
          </>
        )}
      </Answer>
    </StepPanel>
  )
}
