import { Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { confirmed, type NfsPlace, type NfsSettings } from '../api/nfs.ts'
import { Dialog } from '../kit/dialog.tsx'
import { isTyped, TypeToConfirm } from '../kit/type-to-confirm.tsx'

interface Props {
  place: NfsPlace
  /** The lines of the list that let everybody in. */
  open: readonly string[]
  access: NfsSettings['access']
  onConfirm: () => void
  onClose: () => void
}

/** Asked before every machine is let in. */
export function EveryoneDialog({ place, open, access, onConfirm, onClose }: Props) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  return (
    <Dialog
      title={t('nfs.everyone.title', { name: place.name })}
      action={t('nfs.everyone.action')}
      isDangerous
      isReady={isTyped(confirmed, typed)}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <Text className="unbroken">
        {t('nfs.everyone.text', { clients: open.join(', '), count: open.length })}
      </Text>
      <Text>{t(`nfs.everyone.${access}`)}</Text>
      <TypeToConfirm expected={confirmed} value={typed} onChange={setTyped} autoFocus />
    </Dialog>
  )
}
