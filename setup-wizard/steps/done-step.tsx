import { Button, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { AddressLines } from '../../appliance/web/kit/address-lines.tsx'
import { CopyLine } from '../../appliance/web/kit/copy-line.tsx'
import { Skeletons } from '../../appliance/web/kit/skeletons.tsx'
import { certificateQuery } from '../../appliance/web/kit/trust/certificate.ts'
import { TrustSteps } from '../../appliance/web/kit/trust/trust-steps.tsx'
import { sharesQuery, signIn } from '../api.ts'
import { Measuring } from '../measuring/measuring.tsx'
import { StepPanel } from '../step-panel.tsx'

/** Where the files are now, for each kind of device. */
export function DoneStep({ name, password }: { name: string; password: string }) {
  const { t } = useTranslation()
  const certificate = useQuery(certificateQuery)
  const shares = useQuery({
    queryKey: ['setup', 'shares'],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    // The password is known only if this very page has set the box up: then it signs in right away.
    async queryFn({ client }) {
      if (password !== '') await signIn(name, password)
      return client.fetchQuery(sharesQuery)
    },
  })
  return (
    <StepPanel
      title={t('setup.done.title')}
      lead={shares.error ? t('setup.done.leadSignIn') : t('setup.done.lead')}
    >
      <CopyLine label={t('setup.done.page')} value={location.origin} hint={t('setup.done.pageHint')} />
      {shares.isPending && <Skeletons />}
      {shares.data?.map(share => (
        <Stack key={share.name} gap={12}>
          <Title order={2} size="h4" className="unbroken">
            {t('setup.done.share', { name: share.name })}
          </Title>
          <AddressLines addresses={share.addresses} />
        </Stack>
      ))}
      {shares.data?.length === 0 && <Text>{t('setup.done.noShares')}</Text>}
      {certificate.data && (
        <Stack gap={12}>
          <Title order={2} size="h4">
            {t('trust.part')}
          </Title>
          <Text className="prose">{t('trust.lead')}</Text>
          <TrustSteps certificate={certificate.data} />
        </Stack>
      )}
      {shares.data && <Measuring />}
      <Button component="a" href={certificate.data?.isRequired ? '/trust' : '/'}>
        {shares.error ? t('setup.already.action') : t('setup.done.action')}
      </Button>
    </StepPanel>
  )
}
