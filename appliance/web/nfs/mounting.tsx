import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type NfsSettings, nfsStatusQuery } from '../api/nfs.ts'
import { CopyLine } from '../kit/copy-line.tsx'

/** What to type on the machines, and which of them are there. */
export function Mounting({ name, settings }: { name: string; settings: NfsSettings }) {
  const { t } = useTranslation()
  return (
    <Stack gap={16}>
      <CopyLine label={t('nfs.linux')} value={settings.mounts.linux} hint={t('nfs.linuxHint')} />
      <CopyLine label={t('nfs.macos')} value={settings.mounts.macos} hint={t('nfs.macosHint', { name })} />
      <Connected />
    </Stack>
  )
}

const mostShown = 10

function Connected() {
  const { t } = useTranslation()
  const { data } = useQuery(nfsStatusQuery)
  if (!data) return null
  const { connected } = data
  const shown = connected.slice(0, mostShown)
  const rest = connected.length - shown.length
  const addresses = [...shown, ...(rest > 0 ? [t('nfs.moreConnected', { count: rest })] : [])].join(', ')
  return (
    <Text size="sm" c="dimmed" className="prose unbroken tabular">
      {connected.length === 0 ? t('nfs.nobodyConnected') : t('nfs.connected', { addresses })}
    </Text>
  )
}
