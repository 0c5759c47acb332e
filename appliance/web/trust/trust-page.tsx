import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Answer } from '../kit/answer.tsx'
import { Mark } from '../kit/mark.tsx'
import { type CertificateInfo, certificateQuery, secureOrigin } from '../kit/trust/certificate.ts'
import { TrustSteps } from '../kit/trust/trust-steps.tsx'
import { useTitle } from '../kit/use-title.ts'
import classes from './trust-page.module.css'

/** Between HTTP and HTTPS: who trusts this box already is led on at once, everybody else learns how to. */
export function TrustPage() {
  const certificate = useQuery(certificateQuery)
  return <Answer query={certificate}>{known => <Trust certificate={known} />}</Answer>
}

function Trust({ certificate }: { certificate: CertificateInfo }) {
  const { t } = useTranslation()
  useTitle(t('trust.title'))
  const there = secureOrigin(certificate, location.hostname)
  const to = there + wantedPath(location.search)
  const trusted = useQuery({
    queryKey: ['trusted', there],
    retry: false,
    async queryFn({ signal }) {
      // Answers nothing that could be read, but fails where the browser does not trust the certificate.
      await fetch(`${there}/health/live`, { mode: 'no-cors', cache: 'no-store', signal })
      location.replace(to)
      return true
    },
  })
  if (!trusted.isError) return null
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <Stack gap={24}>
          <Group gap={12} wrap="nowrap">
            <Mark size={40} />
            <Title order={1} size="h2">
              {t('trust.title')}
            </Title>
          </Group>
          <Text className="prose">{t('trust.lead')}</Text>
          <TrustSteps certificate={certificate} />
          <Group gap={16}>
            <Button variant="default" loading={trusted.isFetching} onClick={() => void trusted.refetch()}>
              {t('trust.goOn')}
            </Button>
            <Anchor href={to}>{t('trust.without')}</Anchor>
          </Group>
        </Stack>
      </div>
    </main>
  )
}

/** A path of this box, whatever the address says. */
function wantedPath(search: string): string {
  const to = new URLSearchParams(search).get('to') ?? '/'
  return /^\/(?![/\\])/.test(to) ? to : '/'
}
