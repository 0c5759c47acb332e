import { Drawer, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Entry } from '../../api/files.ts'
import { sharesQuery } from '../../api/shares.ts'
import { AddressLines } from '../../kit/address-lines.tsx'
import { Facts } from '../../kit/facts.tsx'
import { formatExact } from '../../kit/format/ago.ts'
import { formatBytes } from '../../kit/format/bytes.ts'
import { EntryIcon } from '../list/entry-icon.tsx'

/** What is known about one thing; of a share, also how computers and phones reach it. */
export function DetailsDrawer({
  folder,
  entry,
  onClose,
}: {
  folder: string
  entry: Entry
  onClose: () => void
}) {
  const { t, i18n } = useTranslation()
  const kind = entry.isShare ? t('details.share') : t(`details.${entry.kind}`)
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title={t('files.details')}
      transitionProps={{ duration: 130 }}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap={24}>
        <Stack gap={8} align="center">
          <EntryIcon entry={entry} size={64} />
          <Text fw={600} ta="center" className="unbroken">
            {entry.name}
          </Text>
        </Stack>
        <Facts
          facts={[
            [t('details.kind'), kind],
            [t('details.where'), folder === '/' ? t('files.home') : folder],
            ...(entry.size === null ? [] : [[t('files.size'), sizeText(entry.size)] as const]),
            [t('files.changed'), formatExact(new Date(entry.modifiedAt), i18n.language)],
          ]}
        />
        {entry.isShare && <ShareAddresses name={entry.name} />}
      </Stack>
    </Drawer>
  )

  function sizeText(bytes: number): string {
    return bytes < 1000
      ? formatBytes(bytes)
      : `${formatBytes(bytes)} (${t('details.bytes', { count: bytes })})`
  }
}

function ShareAddresses({ name }: { name: string }) {
  const shares = useQuery(sharesQuery)
  const share = shares.data?.find(one => one.name === name)
  return share ? <AddressLines addresses={share.addresses} /> : null
}
