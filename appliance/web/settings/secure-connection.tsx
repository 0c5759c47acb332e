import { Anchor, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Card, Part } from '../kit/sheet.tsx'
import { certificateQuery, secureOrigin } from '../kit/trust/certificate.ts'
import { TrustSteps } from '../kit/trust/trust-steps.tsx'

/** Whether this page came over HTTPS, and how a device learns to trust this box. Nothing where there is no HTTPS. */
export function SecureConnection() {
  const { t } = useTranslation()
  const { data } = useQuery(certificateQuery)
  if (!data) return null
  const there = secureOrigin(data, location.hostname)
  return (
    <Part title={t('trust.part')}>
      <Text c="dimmed" className="prose">
        {t(location.protocol === 'https:' ? 'trust.isSecure' : 'trust.isPlain')}{' '}
        {location.protocol !== 'https:' && <Anchor href={there}>{there}</Anchor>}
      </Text>
      <Card>
        <TrustSteps certificate={data} />
      </Card>
    </Part>
  )
}
