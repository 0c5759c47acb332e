import { Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Confirmation, PoolPlan } from '../../../storage/schema.ts'
import { Notice } from '../notice.tsx'
import { isTyped, TypeToConfirm } from '../type-to-confirm.tsx'
import { serialEnd } from './disk-card.tsx'

interface Props {
  confirmations: readonly Confirmation[]
  /** Serial to what was typed for it. */
  typed: Record<string, string>
  onTyped: (typed: Record<string, string>) => void
}

/** Each disk that holds something, named, with what is on it and the text that lets it be erased. */
export function PlanConfirmations({ confirmations, typed, onTyped }: Props) {
  const { t } = useTranslation()
  return (
    <Stack gap={12}>
      {confirmations.map(({ serial, model, contents, type }) => (
        <Notice key={serial} kind="danger" title={t('pool.eraseTitle', { model, end: serialEnd(serial) })}>
          <Stack gap={8}>
            {t('pool.eraseText', { contents })}
            <TypeToConfirm
              expected={type}
              value={typed[serial] ?? ''}
              onChange={text => onTyped({ ...typed, [serial]: text })}
            />
          </Stack>
        </Notice>
      ))}
    </Stack>
  )
}

export function areAllTyped(plan: PoolPlan, typed: Record<string, string>): boolean {
  return plan.confirmations.every(({ serial, type }) => isTyped(type, typed[serial] ?? ''))
}
