import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Answer } from '../../appliance/web/kit/answer.tsx'
import { Notice } from '../../appliance/web/kit/notice.tsx'
import { PoolPlanner, usePoolPlan } from '../../appliance/web/kit/pool/pool-planner.tsx'
import type { PoolWish } from '../../appliance/web/kit/pool/wish.ts'
import { foundPoolsQuery, setupDisksQuery, setupQuestions } from '../api.ts'
import type { StepProps } from '../entering.tsx'
import { StepPanel } from '../step-panel.tsx'
import { FoundPools } from './found-pools.tsx'

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
  const found = useQuery(foundPoolsQuery)
  const plan = usePoolPlan(draft.pool, setupQuestions)
  const isImporting = draft.imports.length > 0
  // Import comes first: what is there is kept, unless somebody says otherwise.
  const { hasLooked } = draft
  useEffect(() => {
    if (hasLooked || !found.data?.length) return
    onChange({ hasLooked: true, imports: found.data.map(({ uuid }) => uuid) })
  }, [hasLooked, found.data, onChange])
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
      isReady={isImporting || isPlanned || draft.isWithoutPool}
      onNext={onNext}
      onBack={onBack}
      aside={
        disks.data && !hasDisks && !isImporting ? (
          <Button variant="default" onClick={skip}>
            {t('setup.disks.skip')}
          </Button>
        ) : undefined
      }
    >
      {isPractice && <Notice kind="info">{t('setup.disks.practice')}</Notice>}
      <Answer query={found} height={76}>
        {pools => (
          <FoundPools
            pools={pools}
            account={draft.name}
            chosen={draft.imports}
            onChosen={imports => onChange({ imports, isWithoutPool: false })}
          />
        )}
      </Answer>
      {found.data && !isImporting && (
        <Answer query={disks} height={76}>
          {all => (
            <>
              {!hasDisks && (
                <Notice kind="warning" title={t('setup.disks.none')}>
                  {t('setup.disks.noneText')}
                </Notice>
              )}
              <PoolPlanner disks={all} wish={draft.pool} onWish={onWish} questions={setupQuestions} />
            </>
          )}
        </Answer>
      )}
    </StepPanel>
  )
}
