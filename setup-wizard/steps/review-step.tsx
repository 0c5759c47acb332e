import { List } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { NewPassword, shortestPassword } from '../../appliance/web/kit/account-fields.tsx'
import { Answer } from '../../appliance/web/kit/answer.tsx'
import { ErrorPanel } from '../../appliance/web/kit/error-panel.tsx'
import { Facts } from '../../appliance/web/kit/facts.tsx'
import { Notice } from '../../appliance/web/kit/notice.tsx'
import { areAllTyped, PlanConfirmations } from '../../appliance/web/kit/pool/plan-confirmations.tsx'
import { PlanPreview } from '../../appliance/web/kit/pool/plan-preview.tsx'
import { usePoolPlan } from '../../appliance/web/kit/pool/pool-planner.tsx'
import { apply, check, foundPoolsQuery, type Problem, setupQuestions } from '../api.ts'
import { type Draft, documentOf, hasPoolIn, makesPoolIn } from '../draft.ts'
import type { StepProps } from '../entering.tsx'
import { StepPanel } from '../step-panel.tsx'

interface Props extends StepProps {
  password: string
  onPassword: (password: string) => void
  onApplied: () => Promise<unknown>
}

/** Everything once more, what will be erased by name, and then the one button that does it. */
export function ReviewStep({ draft, onBack, password, onPassword, onApplied }: Props) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState<Record<string, string>>({})
  const [wasMissing] = useState(password === '')
  const plan = usePoolPlan(draft.pool, setupQuestions)
  const makesPool = makesPoolIn(draft)
  const confirmations = makesPool ? (plan.data?.confirmations ?? []) : []
  const applying = useMutation({
    mutationFn: () =>
      checkAndApply(
        draft,
        password,
        confirmations.map(one => one.serial),
      ),
  })
  const isPlanReady = !makesPool || (plan.data !== undefined && areAllTyped(plan.data, typed))
  const problems = applying.data ?? []
  return (
    <StepPanel
      step="review"
      title={t('setup.review.title')}
      lead={t('setup.review.lead')}
      action={confirmations.length > 0 ? t('setup.review.eraseAction') : t('setup.review.action')}
      isDangerous={confirmations.length > 0}
      isReady={isPlanReady && password.length >= shortestPassword}
      isBusy={applying.isPending}
      onNext={() =>
        applying.mutate(undefined, { onSuccess: found => found.length === 0 && void onApplied() })
      }
      onBack={onBack}
    >
      <Summary draft={draft} />
      {wasMissing && (
        <div>
          <Notice kind="info">{t('setup.review.passwordAgain')}</Notice>
          <NewPassword value={password} onChange={onPassword} />
        </div>
      )}
      {makesPool && <Answer query={plan}>{found => <PlanPreview plan={found} />}</Answer>}
      <PlanConfirmations confirmations={confirmations} typed={typed} onTyped={setTyped} />
      {problems.length > 0 && (
        <Notice kind="danger" title={t('setup.review.problems')}>
          <List>
            {problems.map(problem => (
              <List.Item key={`${problem.field} ${problem.message}`}>{problem.message}</List.Item>
            ))}
          </List>
        </Notice>
      )}
      {applying.error && <ErrorPanel error={applying.error} />}
    </StepPanel>
  )
}

function Summary({ draft }: { draft: Draft }) {
  const { t } = useTranslation()
  const { hostName, displayName, name, imports, share, everyone } = draft
  const found = useQuery(foundPoolsQuery)
  const kept = found.data?.filter(({ uuid }) => imports.includes(uuid)).map(pool => pool.name) ?? []
  const shareText =
    share.trim() === '' ? t('setup.review.noShare') : `${share} (${t(`share.everyone.${everyone}`)})`
  return (
    <Facts
      facts={[
        [t('setup.account.hostName'), hostName],
        [t('setup.review.admin'), displayName.trim() === '' ? name : `${displayName.trim()} (${name})`],
        ...(kept.length > 0 ? [[t('setup.review.kept'), kept.join(', ')] as const] : []),
        [t('setup.step.share'), hasPoolIn(draft) ? shareText : t('setup.review.noPool')],
      ]}
    />
  )
}

/** The box's objections; without any, it has begun. */
async function checkAndApply(draft: Draft, password: string, erase: string[]): Promise<Problem[]> {
  const document = documentOf(draft, password, erase)
  const { problems } = await check(document)
  if (problems.length === 0) await apply(document)
  return problems
}
