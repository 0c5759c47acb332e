import { Switch, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { allowPlain } from '../../api/access.ts'
import { ApiFailure } from '../../kit/api/failure.ts'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { Facts } from '../../kit/facts.tsx'
import { formatExact } from '../../kit/format/ago.ts'
import { Card, Part } from '../../kit/sheet.tsx'
import { Skeletons } from '../../kit/skeletons.tsx'
import { type CertificateInfo, certificateQuery } from '../../kit/trust/certificate.ts'

/** HTTPS, and what may still go without it. */
export function PrivateWay() {
  const { t } = useTranslation()
  const certificate = useQuery(certificateQuery)
  const isNone = certificate.error instanceof ApiFailure && certificate.error.status === 503
  return (
    <Part title={t('trust.part')}>
      {certificate.isPending && <Skeletons rows={2} />}
      {isNone && <Text className="prose">{t('access.noHttps')}</Text>}
      {certificate.error && !isNone && <ErrorPanel error={certificate.error} />}
      {certificate.data && <Way certificate={certificate.data} />}
    </Part>
  )
}

function Way({ certificate }: { certificate: CertificateInfo }) {
  const { t, i18n } = useTranslation()
  const { authority, validUntil, names } = certificate
  return (
    <>
      <Text c="dimmed" className="prose">
        {t(certificate.isRequired ? 'access.required' : 'access.offered')}{' '}
        <Link to="/settings">{t('access.steps')}</Link>
      </Text>
      <Card>
        <Facts
          facts={[
            [t('access.names'), names.join(', ')],
            [t('access.authority'), authority.name],
            [t('access.validUntil'), formatExact(new Date(validUntil), i18n.language)],
          ]}
        />
      </Card>
      {certificate.isRequired && <PlainSwitch isAllowed={certificate.isPlainAllowed} />}
    </>
  )
}

function PlainSwitch({ isAllowed }: { isAllowed: boolean }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const allowing = useMutation({
    mutationFn: allowPlain,
    onSuccess: () => client.invalidateQueries({ queryKey: certificateQuery.queryKey }),
  })
  return (
    <Card>
      <Switch
        label={t('access.plain')}
        description={t('access.plainHint')}
        checked={allowing.isPending ? allowing.variables : isAllowed}
        onChange={event => allowing.mutate(event.currentTarget.checked)}
      />
      {allowing.error && <ErrorPanel error={allowing.error} />}
    </Card>
  )
}
