import { Checkbox, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type ResetPlan, resetBox } from '../../api/reset.ts'
import { ApiFailure } from '../../kit/api/failure.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { Notice } from '../../kit/notice.tsx'
import { DiskCard } from '../../kit/pool/disk-card.tsx'
import { isTyped, TypeToConfirm } from '../../kit/type-to-confirm.tsx'

interface Props {
  plan: ResetPlan
  onBegun: () => void
  onClose: () => void
}

/** The name of the box, that of each pool that is to go, and who says so. */
export function ResetDialog({ plan, onBegun, onClose }: Props) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const [confirm, setConfirm] = useState('')
  /** Of the pools that are to be erased: what was typed. */
  const [erase, setErase] = useState<Record<string, string>>({})
  const resetting = useMutation({
    mutationFn: () => resetBox({ password, confirm, erase }),
    onSuccess: onBegun,
  })
  const fields = resetting.error instanceof ApiFailure ? resetting.error.fields : {}
  const doomed = Object.keys(erase)
  const areNamed = isTyped(plan.name, confirm) && doomed.every(pool => isTyped(pool, erase[pool] ?? ''))
  const choose = (pool: string) =>
    setErase(({ [pool]: typed, ...others }) => (typed === undefined ? { ...others, [pool]: '' } : others))
  return (
    <Dialog
      title={t('reset.title')}
      action={doomed.length > 0 ? t('reset.eraseAction') : t('reset.action')}
      isDangerous
      isReady={areNamed && password !== ''}
      isBusy={resetting.isPending}
      error={fields.password ? undefined : resetting.error}
      onConfirm={() => resetting.mutate()}
      onClose={onClose}
      size="lg"
    >
      {plan.pools.map(pool => (
        <PoolChoice
          key={pool.name}
          pool={pool}
          typed={erase[pool.name]}
          onToggle={() => choose(pool.name)}
          onTyped={typed => setErase({ ...erase, [pool.name]: typed })}
        />
      ))}
      <Text className="prose">{t('reset.afterwards')}</Text>
      <TypeToConfirm expected={plan.name} value={confirm} onChange={setConfirm} autoFocus />
      <PasswordInput
        label={t('reset.password')}
        value={password}
        error={fields.password}
        onChange={event => setPassword(event.currentTarget.value)}
        autoComplete="current-password"
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
      />
    </Dialog>
  )
}

interface PoolChoiceProps {
  pool: ResetPlan['pools'][number]
  /** Undefined: it stays. */
  typed: string | undefined
  onToggle: () => void
  onTyped: (typed: string) => void
}

function PoolChoice({ pool, typed, onToggle, onTyped }: PoolChoiceProps) {
  const { t } = useTranslation()
  const { name, disks } = pool
  return (
    <Stack gap={12}>
      <Checkbox
        size="md"
        checked={typed !== undefined}
        onChange={onToggle}
        label={t('reset.erase', { name })}
        description={typed === undefined ? t('reset.kept') : undefined}
      />
      {typed !== undefined && (
        <Notice kind="danger" title={t('reset.eraseTitle', { name })}>
          <Stack gap={12} mt={4}>
            <Text className="prose">{t('reset.eraseText')}</Text>
            {disks.map(disk => (
              <DiskCard
                key={disk.serial}
                disk={disk}
                note={disk.isHere ? t('reset.willBeErased') : t('reset.isAway')}
              />
            ))}
            <TypeToConfirm expected={name} value={typed} onChange={onTyped} />
          </Stack>
        </Notice>
      )}
    </Stack>
  )
}
