import { useCallback, useState } from 'react'
import { useToast } from '../appliance/web/kit/toast.tsx'
import { type SetupState, saveDraft } from './api.ts'
import { type Draft, draftFrom, steps } from './draft.ts'
import { AccountStep } from './steps/account-step.tsx'
import { DisksStep } from './steps/disks-step.tsx'
import { ReviewStep } from './steps/review-step.tsx'
import { ShareStep } from './steps/share-step.tsx'

export interface StepProps {
  draft: Draft
  onChange: (change: Partial<Draft>) => void
  onNext: () => void
  onBack: (() => void) | undefined
}

interface Props {
  state: SetupState
  password: string
  onPassword: (password: string) => void
  /** Called with the administrator's name when the box has begun. */
  onApplied: (admin: string) => Promise<unknown>
}

/** The steps in which something is entered. Each step forward or back is kept on the box. */
export function Entering({ state, password, onPassword, onApplied }: Props) {
  const toast = useToast()
  const [draft, setDraft] = useState<Draft>(() => draftFrom(state.draft, state.hostName))
  const onChange = useCallback((change: Partial<Draft>) => setDraft(before => ({ ...before, ...change })), [])
  const go = (distance: number) => {
    const step = steps[steps.indexOf(draft.step) + distance]
    if (!step) return
    const next = { ...draft, step }
    setDraft(next)
    saveDraft({ ...next }).catch(toast.failed)
  }
  const props: StepProps = {
    draft,
    onChange,
    onNext: () => go(1),
    onBack: draft.step === 'account' ? undefined : () => go(-1),
  }
  switch (draft.step) {
    case 'account':
      return <AccountStep {...props} password={password} onPassword={onPassword} />
    case 'disks':
      return <DisksStep {...props} isPractice={state.isPractice} />
    case 'share':
      return <ShareStep {...props} />
    case 'review':
      return (
        <ReviewStep
          {...props}
          password={password}
          onPassword={onPassword}
          onApplied={() => onApplied(draft.name)}
        />
      )
  }
}
