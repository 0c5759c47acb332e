import { Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Disk, type Pool, replaceDisk } from '../../api/storage.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { formatBytes } from '../../kit/format/bytes.ts'
import { Notice } from '../../kit/notice.tsx'
import { serialEnd } from '../../kit/pool/disk-card.tsx'
import { useToast } from '../../kit/toast.tsx'
import { isTyped, TypeToConfirm } from '../../kit/type-to-confirm.tsx'

interface Props {
  pool: Pool
  lost: Pool['disks'][number]
  disks: readonly Disk[]
  onClose: () => void
}

/** A spare for a lost disk. What is on the spare is named and has to be given up by typing. */
export function ReplaceDialog({ pool, lost, disks, onClose }: Props) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  const [chosen, setChosen] = useState('')
  const [typed, setTyped] = useState('')
  const offered = disks.filter(disk => disk.isOffered && disk.serial !== lost.serial)
  const spare = offered.find(disk => disk.serial === chosen)
  const holdsSomething = spare !== undefined && spare.contents !== 'Empty'
  const replacing = useMutation({
    mutationFn: (to: string) =>
      replaceDisk(pool.name, { from: lost.serial, to, confirm: typed === '' ? {} : { [to]: typed.trim() } }),
    async onSuccess() {
      toast.done({ text: t('replace.started', { pool: pool.name }) })
      await client.invalidateQueries({ queryKey: ['jobs'] })
      onClose()
    },
  })
  return (
    <Dialog
      title={t('replace.title', { model: lost.model, end: serialEnd(lost.serial) })}
      action={holdsSomething ? t('replace.eraseAction') : t('replace.action')}
      isDangerous={holdsSomething}
      size="lg"
      isReady={spare !== undefined && (!holdsSomething || isTyped(spare.serial, typed))}
      isBusy={replacing.isPending}
      error={replacing.error}
      onConfirm={() => replacing.mutate(chosen)}
      onClose={onClose}
    >
      <Text className="prose">{t('replace.text', { pool: pool.name })}</Text>
      {offered.length === 0 ? (
        <Notice kind="warning" title={t('replace.noSpare')}>
          {t('replace.noSpareText', { size: formatBytes(lost.sizeBytes) })}
        </Notice>
      ) : (
        <Radio.Group label={t('replace.choose')} value={chosen} onChange={setChosen}>
          <Stack gap={12} mt={8}>
            {offered.map(disk => (
              <Radio
                key={disk.serial}
                value={disk.serial}
                label={`${disk.model} ${serialEnd(disk.serial)} · ${formatBytes(disk.sizeBytes)}`}
                description={t('disk.holds', { contents: disk.contents })}
              />
            ))}
          </Stack>
        </Radio.Group>
      )}
      {holdsSomething && (
        <Notice
          kind="danger"
          title={t('pool.eraseTitle', { model: spare.model, end: serialEnd(spare.serial) })}
        >
          <Stack gap={8}>
            {t('pool.eraseText', { contents: spare.contents })}
            <TypeToConfirm expected={spare.serial} value={typed} onChange={setTyped} />
          </Stack>
        </Notice>
      )}
    </Dialog>
  )
}
