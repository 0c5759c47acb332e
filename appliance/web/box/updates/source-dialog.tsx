import { Switch, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { decideSource, lookForUpdates, type SourceState } from '../../api/updates.ts'
import { Dialog } from '../../kit/dialog.tsx'

/** Another place is asked at once: whether it is one shows then. */
export function SourceDialog({ source, onClose }: { source: SourceState; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [address, setAddress] = useState(source.isOwn ? (source.address ?? '') : '')
  const [looksDaily, setLooksDaily] = useState(source.looksDaily)
  const [installsAtNight, setInstallsAtNight] = useState(source.installsAtNight)
  const saving = useMutation({
    async mutationFn() {
      const wanted = address.trim() === '' ? null : address.trim()
      const decided = await decideSource({
        address: wanted,
        looksDaily,
        installsAtNight: looksDaily && installsAtNight,
      })
      if (decided.address !== null && decided.address !== source.address) await lookForUpdates()
    },
    onSuccess() {
      onClose()
      return client.invalidateQueries({ queryKey: ['updates'] })
    },
  })
  const given = !source.isOwn && source.address
  return (
    <Dialog
      title={t('updates.source.question')}
      action={t('save')}
      isBusy={saving.isPending}
      error={saving.error}
      onConfirm={() => saving.mutate()}
      onClose={onClose}
      size="lg"
    >
      <TextInput
        label={t('updates.source.address')}
        description={t('updates.source.addressHint')}
        placeholder={given || 'https://example.org/cairn/'}
        value={address}
        onChange={event => setAddress(event.currentTarget.value)}
        inputMode="url"
        autoCapitalize="off"
        spellCheck={false}
        data-autofocus
      />
      <Switch
        label={t('updates.source.daily')}
        description={t('updates.source.dailyHint')}
        checked={looksDaily}
        onChange={event => setLooksDaily(event.currentTarget.checked)}
      />
      <Switch
        label={t('updates.source.atNight')}
        description={t('updates.source.atNightHint')}
        checked={looksDaily && installsAtNight}
        disabled={!looksDaily}
        onChange={event => setInstallsAtNight(event.currentTarget.checked)}
      />
    </Dialog>
  )
}
