import { Button, Select, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type CertificateInfo, type Device, deviceOf, devices } from './certificate.ts'
import classes from './trust-steps.module.css'

/** How to make a device trust this box: where to have its certificate, and what to do with it there. */
export function TrustSteps({ certificate }: { certificate: CertificateInfo }) {
  const { t } = useTranslation()
  const [device, setDevice] = useState<Device>(() => deviceOf(navigator))
  const { name, fingerprint, address } = certificate.authority
  const steps = t(`trust.steps.${device}`, { returnObjects: true, name }) as string[]
  return (
    <div className={classes.steps}>
      <div className={classes.choice}>
        <Button component="a" href={address} download leftSection={<IconDownload size={20} aria-hidden />}>
          {t('trust.download')}
        </Button>
        <Select
          label={t('trust.device')}
          data={devices.map(one => ({ value: one, label: t(`trust.devices.${one}`) }))}
          value={device}
          onChange={value => setDevice((value as Device | null) ?? device)}
          allowDeselect={false}
          comboboxProps={{ shadow: 'md' }}
        />
      </div>
      <ol className={classes.list}>
        {steps.map(step => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <Text size="sm" c="dimmed">
        {t('trust.limits')}
      </Text>
      <div>
        <Text size="sm" fw={600}>
          {t('trust.fingerprint')}
        </Text>
        <code className={classes.fingerprint}>{fingerprint}</code>
      </div>
    </div>
  )
}
