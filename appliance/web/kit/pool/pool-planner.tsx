import { Stack, TextInput, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Disk, PoolOption, PoolPlan } from '../../../storage/schema.ts'
import { Answer } from '../answer.tsx'
import { DiskPicker } from './disk-picker.tsx'
import { PlanPreview } from './plan-preview.tsx'
import { ProfileChoice, suggestedProfile } from './profile-choice.tsx'
import type { PoolWish } from './wish.ts'

/** How to ask the box; the wizard has addresses of its own. */
export interface PoolQuestions {
  options: (disks: readonly string[]) => Promise<PoolOption[]>
  plan: (wish: PoolWish) => Promise<PoolPlan>
}

interface Props {
  disks: readonly Disk[]
  wish: PoolWish
  onWish: (wish: PoolWish) => void
  questions: PoolQuestions
}

/** From disks to a plan: choose disks, compare what they can become, see what would be done. */
export function PoolPlanner({ disks, wish, onWish, questions }: Props) {
  const { t } = useTranslation()
  const hasDisks = wish.disks.length > 0
  const options = useQuery({
    queryKey: ['pool-options', wish.disks],
    queryFn: () => questions.options(wish.disks),
    enabled: hasDisks,
    placeholderData: keepPreviousData,
  })
  const plan = usePoolPlan(wish, questions)
  useSuggestion(wish, options.isPlaceholderData ? undefined : options.data, onWish)
  return (
    <Stack gap={24}>
      <DiskPicker disks={disks} chosen={wish.disks} onChange={chosen => onWish({ ...wish, disks: chosen })} />
      {hasDisks && (
        <Answer query={options} rows={3} height={96}>
          {choices => (
            <ProfileChoice
              options={choices}
              chosen={wish.profile}
              onChange={({ profile, isAdvanced }) => onWish({ ...wish, profile, isAdvanced })}
            />
          )}
        </Answer>
      )}
      {hasDisks && (
        <TextInput
          label={t('pool.name')}
          description={t('pool.nameHint')}
          value={wish.name}
          onChange={event => onWish({ ...wish, name: event.currentTarget.value.toLowerCase() })}
          maw={360}
          spellCheck={false}
        />
      )}
      {hasDisks && wish.profile !== '' && (
        <section>
          <Title order={2} size="h4" mb={8}>
            {t('pool.plan')}
          </Title>
          <Answer query={plan}>{found => <PlanPreview plan={found} />}</Answer>
        </section>
      )}
    </Stack>
  )
}

/** What creating this pool would do. Asked again whenever the wish changes. */
export function usePoolPlan(wish: PoolWish, questions: PoolQuestions) {
  return useQuery({
    queryKey: ['pool-plan', wish],
    queryFn: () => questions.plan(planRequest(wish)),
    enabled: wish.disks.length > 0 && wish.profile !== '' && wish.name !== '',
    staleTime: 0,
  })
}

/** `isAdvanced` is said only where it is needed. */
export function planRequest({ isAdvanced, ...wish }: PoolWish): PoolWish {
  return isAdvanced ? { ...wish, isAdvanced } : wish
}

/** Chooses what is suggested, and goes along when other disks suggest something else, until somebody has chosen. */
function useSuggestion(
  wish: PoolWish,
  options: readonly PoolOption[] | undefined,
  onWish: (wish: PoolWish) => void,
) {
  const followed = useRef('')
  const isPossible = options?.some(option => option.profile === wish.profile && option.isPossible)
  const suggested = options && suggestedProfile(options)
  useEffect(() => {
    if (!suggested || suggested === wish.profile) return
    if (isPossible && wish.profile !== followed.current) return
    followed.current = suggested
    onWish({ ...wish, profile: suggested, isAdvanced: false })
  }, [isPossible, suggested, wish, onWish])
}
