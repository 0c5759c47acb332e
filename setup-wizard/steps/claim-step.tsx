import { Anchor, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFailure } from '../../appliance/web/kit/api/failure.ts'
import { ErrorPanel } from '../../appliance/web/kit/error-panel.tsx'
import { certificateQuery } from '../../appliance/web/kit/trust/certificate.ts'
import { unlock } from '../api.ts'
import { StepPanel } from '../step-panel.tsx'

const boxWaitsMs = 1_000
/** Without the code: addresses travel as readably as the page. */
const privateWay = '/trust?to=%2Fsetup'

/** Proves that somebody is at the box: the code that its console shows. `#code=` fills it in. */
export function ClaimStep() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [code, setCode] = useState(codeInAddress)
  const certificate = useQuery(certificateQuery)
  const unlocking = useMutation({
    mutationFn: () => unlock(code),
    // After a wrong code the box listens again in a second; nobody should have to press twice.
    retry: (tries, error) => tries < 3 && error instanceof ApiFailure && error.code === 'setup/too-fast',
    retryDelay: boxWaitsMs,
    onSuccess() {
      history.replaceState(null, '', location.pathname)
      return client.invalidateQueries({ queryKey: ['setup'] })
    },
  })
  const isWrong = unlocking.error instanceof ApiFailure && unlocking.error.code === 'setup/wrong-code'
  return (
    <StepPanel
      title={t('setup.claim.title')}
      lead={t('setup.claim.lead')}
      action={t('setup.claim.action')}
      isReady={code.trim().length >= 8}
      isBusy={unlocking.isPending}
      onNext={() => unlocking.mutate()}
    >
      <TextInput
        label={t('setup.claim.code')}
        description={t('setup.claim.hint')}
        placeholder="ABCD-EFGH"
        value={code}
        error={isWrong ? t('setup.claim.wrong') : undefined}
        onChange={event => setCode(event.currentTarget.value.toUpperCase())}
        autoComplete="one-time-code"
        autoCapitalize="characters"
        spellCheck={false}
        maw={320}
      />
      {unlocking.error && !isWrong && <ErrorPanel error={unlocking.error} />}
      {certificate.data && location.protocol === 'http:' && (
        <Text c="dimmed" className="prose">
          {t('setup.claim.plain')} <Anchor href={privateWay}>{t('setup.claim.private')}</Anchor>
        </Text>
      )}
    </StepPanel>
  )
}

function codeInAddress(): string {
  return new URLSearchParams(location.hash.slice(1)).get('code')?.toUpperCase() ?? ''
}
