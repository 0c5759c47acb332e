import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { type Pool, scrubPool } from '../../api/storage.ts'
import { DiskCard } from '../../kit/pool/disk-card.tsx'
import pickerClasses from '../../kit/pool/disk-picker.module.css'
import { useProfileName } from '../../kit/pool/profile-name.ts'
import { Card } from '../../kit/sheet.tsx'
import { StateWord } from '../../kit/state-word.tsx'
import { useToast } from '../../kit/toast.tsx'
import { PoolBar } from './pool-bar.tsx'

const kinds = { healthy: 'ok', degraded: 'warning', readonly: 'danger', missing: 'danger' } as const

/** A pool: how it is, how full it is, which disks it stands on. */
export function PoolCard({ pool }: { pool: Pool }) {
  const { t } = useTranslation()
  const profileName = useProfileName()
  return (
    <Card>
      <Stack gap={16}>
        <Group justify="space-between" gap={8}>
          <Group gap={12}>
            <Title order={3} size="h4">
              {pool.name}
            </Title>
            <StateWord kind={kinds[pool.state]} word={t(`pool.state.${pool.state}`)} />
          </Group>
          <ScrubButton pool={pool} />
        </Group>
        {pool.state !== 'missing' && <PoolBar pool={pool} />}
        <Text c="dimmed" size="sm">
          {profileName(pool.profile)} · {t('pool.survivesNow', { count: pool.lossesSurvived })}
          {pool.hasUnprotectedData && ` · ${t('pool.unprotected')}`}
        </Text>
        <ul className={pickerClasses.slots}>
          {pool.disks.map(disk => (
            <li key={disk.serial}>
              <PoolDiskCard pool={pool} disk={disk} />
            </li>
          ))}
        </ul>
      </Stack>
    </Card>
  )
}

function PoolDiskCard({ pool, disk }: { pool: Pool; disk: Pool['disks'][number] }) {
  const { t } = useTranslation()
  const errors = disk.errors > 0 ? ` · ${t('disk.errors', { count: disk.errors })}` : ''
  return (
    <DiskCard
      disk={disk}
      isTroubled={disk.state !== 'ok'}
      note={
        <StateWord
          kind={disk.state === 'ok' ? 'ok' : 'danger'}
          word={`${t(`disk.state.${disk.state}`)}${errors}`}
        />
      }
    >
      {disk.state !== 'ok' && !pool.isReplacing && (
        <Button
          component={Link}
          to={`/storage/${encodeURIComponent(pool.name)}/replace/${encodeURIComponent(disk.serial)}`}
          mt={8}
          style={{ alignSelf: 'flex-start' }}
        >
          {t('pool.replaceDisk')}
        </Button>
      )}
    </DiskCard>
  )
}

function ScrubButton({ pool }: { pool: Pool }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  const scrubbing = useMutation({
    mutationFn: () => scrubPool(pool.name),
    onSuccess: () => client.invalidateQueries({ queryKey: ['jobs'] }),
    onError: toast.failed,
  })
  if (pool.profile === 'folder' || pool.state === 'missing') return null
  return (
    <Button
      variant="default"
      loading={scrubbing.isPending}
      disabled={pool.isScrubbing || pool.isReplacing}
      onClick={() => scrubbing.mutate()}
    >
      {pool.isScrubbing ? t('pool.scrubbing') : t('pool.scrub')}
    </Button>
  )
}
