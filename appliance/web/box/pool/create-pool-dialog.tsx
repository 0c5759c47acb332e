import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { createPool, type Disk, poolQuestions } from '../../api/storage.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { areAllTyped, PlanConfirmations } from '../../kit/pool/plan-confirmations.tsx'
import { PoolPlanner, planRequest, usePoolPlan } from '../../kit/pool/pool-planner.tsx'
import type { PoolWish } from '../../kit/pool/wish.ts'

/** Disks, profile, plan, and the typed confirmation; then the work goes on in the tray. */
export function CreatePoolDialog({ disks, onClose }: { disks: readonly Disk[]; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [wish, setWish] = useState<PoolWish>({ name: 'pool', profile: '', disks: [] })
  const [typed, setTyped] = useState<Record<string, string>>({})
  const plan = usePoolPlan(wish, poolQuestions).data
  const creating = useMutation({
    mutationFn: (fingerprint: string) => createPool({ ...planRequest(wish), fingerprint, confirm: typed }),
    async onSuccess() {
      await client.invalidateQueries({ queryKey: ['jobs'] })
      onClose()
    },
  })
  const isDestructive = (plan?.confirmations.length ?? 0) > 0
  return (
    <Dialog
      title={t('box.createPool')}
      action={isDestructive ? t('pool.eraseAndCreate') : t('box.createPool')}
      isDangerous={isDestructive}
      size="xl"
      isReady={plan !== undefined && areAllTyped(plan, typed)}
      isBusy={creating.isPending}
      error={creating.error}
      onConfirm={() => plan && creating.mutate(plan.fingerprint)}
      onClose={onClose}
    >
      <PoolPlanner disks={disks} wish={wish} onWish={setWish} questions={poolQuestions} />
      {plan && <PlanConfirmations confirmations={plan.confirmations} typed={typed} onTyped={setTyped} />}
    </Dialog>
  )
}
