import { Button, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { systemQuery } from '../api/box.ts'
import { type Disk, disksQuery, poolsQuery } from '../api/storage.ts'
import { Answer } from '../kit/answer.tsx'
import { EmptyPlace } from '../kit/empty-place.tsx'
import { Part, Sheet } from '../kit/sheet.tsx'
import { BoxTabs } from './box-tabs.tsx'
import { DiskSlots } from './disk-slots.tsx'
import { HealthCards } from './health-cards.tsx'
import { IndexNote } from './index-note.tsx'
import { CreatePoolDialog } from './pool/create-pool-dialog.tsx'
import { PoolCard } from './pool/pool-card.tsx'
import { ReplaceFromAddress } from './pool/replace-from-address.tsx'
import { UpdateNote } from './update-note.tsx'

/** The machine as it stands on the shelf: trouble first, then pools, then the disks that belong to none. */
export function BoxPage() {
  const { t } = useTranslation()
  const pools = useQuery(poolsQuery)
  const disks = useQuery(disksQuery)
  const [isCreating, setCreating] = useState(false)
  const canCreate = disks.data?.some(disk => disk.isOffered) ?? false
  const createButton = (
    <Button leftSection={<IconPlus size={20} aria-hidden />} onClick={() => setCreating(true)}>
      {t('box.createPool')}
    </Button>
  )
  return (
    <Sheet title={t('box.title')} lead={<BoxName />}>
      <BoxTabs />
      <HealthCards />
      <UpdateNote />
      <IndexNote />
      <Part title={t('box.pools')} action={canCreate && (pools.data?.length ?? 0) > 0 && createButton}>
        <Answer query={pools} rows={2} height={160}>
          {found =>
            found.length === 0 ? (
              <EmptyPlace
                icon={<IconPlus size={40} stroke={1.25} />}
                text={canCreate ? t('box.noPools') : t('box.noPoolsNoDisks')}
              >
                {canCreate && createButton}
              </EmptyPlace>
            ) : (
              found.map(pool => <PoolCard key={pool.name} pool={pool} />)
            )
          }
        </Answer>
      </Part>
      <Part title={t('box.otherDisks')}>
        <Answer query={disks} rows={2} height={76}>
          {found => <OtherDisks disks={found.filter(disk => disk.use !== 'pool')} />}
        </Answer>
      </Part>
      {isCreating && <CreatePoolDialog disks={disks.data ?? []} onClose={() => setCreating(false)} />}
      <ReplaceFromAddress />
    </Sheet>
  )
}

function OtherDisks({ disks }: { disks: readonly Disk[] }) {
  const { t } = useTranslation()
  return disks.length === 0 ? <Text c="dimmed">{t('box.noOtherDisks')}</Text> : <DiskSlots disks={disks} />
}

function BoxName() {
  const { t } = useTranslation()
  const system = useQuery(systemQuery)
  if (!system.data) return null
  const { name, version, addresses } = system.data
  return (
    <Text size="sm" c="dimmed" className="unbroken">
      {[name, t('box.version', { version }), addresses[0]].filter(Boolean).join(' · ')}
    </Text>
  )
}
