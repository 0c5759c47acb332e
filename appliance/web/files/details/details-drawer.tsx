import { Drawer, Stack, Tabs, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Entry, Listing } from '../../api/files.ts'
import { sharesQuery } from '../../api/shares.ts'
import { AddressLines } from '../../kit/address-lines.tsx'
import { Facts } from '../../kit/facts.tsx'
import { formatExact } from '../../kit/format/ago.ts'
import { formatBytes } from '../../kit/format/bytes.ts'
import { EntryIcon } from '../list/entry-icon.tsx'
import { joinPath } from '../path.ts'
import classes from './details-drawer.module.css'
import { OwnActivity } from './own-activity.tsx'
import { Versions } from './versions.tsx'

interface Props {
  folder: string
  entry: Entry
  right: Listing['right']
  onClose: () => void
}

/** What is known about one thing, what it was before, and who changed it. */
export function DetailsDrawer({ folder, entry, right, onClose }: Props) {
  const { t } = useTranslation()
  const path = joinPath(folder, entry.name)
  const [isCovered, setCovered] = useState(false)
  const hasVersions = entry.kind === 'file' && entry.isAvailable
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      // Esc closes the topmost thing alone.
      closeOnEscape={!isCovered}
      title={t('files.details')}
      transitionProps={{ duration: 130 }}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap={16}>
        <Stack gap={8} align="center">
          <EntryIcon entry={entry} size={64} />
          <Text fw={600} ta="center" className="unbroken">
            {entry.name}
          </Text>
        </Stack>
        <Tabs defaultValue="about" keepMounted={false} classNames={{ tab: classes.tab ?? '' }}>
          <Tabs.List grow>
            <Tabs.Tab value="about">{t('details.about')}</Tabs.Tab>
            {hasVersions && <Tabs.Tab value="versions">{t('details.versions')}</Tabs.Tab>}
            <Tabs.Tab value="activity">{t('details.activity')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="about" pt={8}>
            <About folder={folder} entry={entry} />
          </Tabs.Panel>
          {hasVersions && (
            <Tabs.Panel value="versions" pt={16}>
              <Versions path={path} mayWrite={right === 'write'} onCovered={setCovered} />
            </Tabs.Panel>
          )}
          <Tabs.Panel value="activity" pt={16}>
            <OwnActivity path={path} entry={entry} />
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </Drawer>
  )
}

/** Of a share, also how computers and phones reach it. */
function About({ folder, entry }: Pick<Props, 'folder' | 'entry'>) {
  const { t, i18n } = useTranslation()
  const kind = entry.isShare ? t('details.share') : t(`details.${entry.kind}`)
  const sizeName = entry.kind === 'folder' ? t('details.sizeBelow') : t('files.size')
  return (
    <Stack gap={24}>
      <Facts
        facts={[
          [t('details.kind'), kind],
          [t('details.where'), folder === '/' ? t('files.home') : folder],
          ...(entry.size === null ? [] : [[sizeName, sizeText(entry.size)] as const]),
          [t('files.changed'), formatExact(new Date(entry.modifiedAt), i18n.language)],
        ]}
      />
      {entry.isShare && <ShareAddresses name={entry.name} />}
    </Stack>
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
