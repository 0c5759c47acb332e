import { Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { CopyLine } from './copy-line.tsx'

export interface Addresses {
  windows: string
  macos: string
  linux: string
  webdav: string
}

/** How each kind of device reaches a share, and where to type it. */
export function AddressLines({ addresses }: { addresses: Addresses }) {
  const { t } = useTranslation()
  return (
    <Stack gap={16}>
      <CopyLine label={t('addresses.windows')} value={addresses.windows} hint={t('addresses.windowsHint')} />
      <CopyLine label={t('addresses.macos')} value={addresses.macos} hint={t('addresses.macosHint')} />
      <CopyLine label={t('addresses.linux')} value={addresses.linux} hint={t('addresses.linuxHint')} />
      <CopyLine label={t('addresses.webdav')} value={addresses.webdav} hint={t('addresses.webdavHint')} />
    </Stack>
  )
}
