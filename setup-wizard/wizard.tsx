import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Answer } from '../appliance/web/kit/answer.tsx'
import { useTitle } from '../appliance/web/kit/use-title.ts'
import { progressQuery, type SetupState, setupQuery } from './api.ts'
import { Entering } from './entering.tsx'
import { Page } from './page.tsx'
import { AlreadyStep } from './steps/already-step.tsx'
import { ApplyingStep } from './steps/applying-step.tsx'
import { ClaimStep } from './steps/claim-step.tsx'
import { DoneStep } from './steps/done-step.tsx'

/** First boot. Where it stands is asked of the box, so that a reload goes on where it was. */
export function Wizard() {
  const { t } = useTranslation()
  useTitle(t('setup.title'))
  const state = useQuery(setupQuery)
  return (
    <Page>
      <Answer query={state}>{found => <Stage state={found} />}</Answer>
    </Page>
  )
}

function Stage({ state }: { state: SetupState }) {
  if (state.isUnlocked) return <Unlocked state={state} />
  return state.isClaimed ? <AlreadyStep /> : <ClaimStep />
}

function Unlocked({ state }: { state: SetupState }) {
  const progress = useQuery(progressQuery)
  const [password, setPassword] = useState('')
  const [name, setName] = useState('')
  const [isBackFromFailure, setBack] = useState(false)
  return (
    <Answer query={progress}>
      {job => {
        if (state.isClaimed || job?.state === 'done') return <DoneStep name={name} password={password} />
        if (job && !(isBackFromFailure && job.state !== 'running'))
          return <ApplyingStep job={job} onBack={() => setBack(true)} />
        return (
          <Entering
            state={state}
            password={password}
            onPassword={setPassword}
            onApplied={admin => {
              setBack(false)
              setName(admin)
              return progress.refetch()
            }}
          />
        )
      }}
    </Answer>
  )
}
