import { Input, Select, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { createShare } from '../../api/shares.ts'
import type { Pool } from '../../api/storage.ts'
import { ApiFailure } from '../../kit/api/failure.ts'
import { Dialog } from '../../kit/dialog.tsx'
import { type Right, RightChoice } from '../../kit/right-choice.tsx'

export function CreateShareDialog({ pools, onClose }: { pools: readonly Pool[]; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [pool, setPool] = useState(pools[0]?.name ?? '')
  const [everyone, setEveryone] = useState<Right>('write')
  const creating = useMutation({
    mutationFn: createShare,
    async onSuccess(share) {
      await client.invalidateQueries({ queryKey: ['shares'] })
      void navigate(`/shares/${encodeURIComponent(share.name)}`)
    },
  })
  const fieldError = creating.error instanceof ApiFailure ? creating.error.fields.name : undefined
  return (
    <Dialog
      title={t('share.create')}
      action={t('share.create')}
      isReady={name.trim() !== '' && pool !== ''}
      isBusy={creating.isPending}
      error={fieldError ? undefined : creating.error}
      onConfirm={() => creating.mutate({ name: name.trim(), pool, everyone })}
      onClose={onClose}
    >
      <TextInput
        label={t('share.name')}
        description={t('share.nameHint')}
        value={name}
        error={fieldError}
        onChange={event => setName(event.currentTarget.value)}
        data-autofocus
      />
      {pools.length > 1 && (
        <Select
          label={t('share.pool')}
          data={pools.map(one => one.name)}
          value={pool}
          onChange={chosen => setPool(chosen ?? '')}
          allowDeselect={false}
        />
      )}
      <Input.Wrapper
        label={t('share.everyoneLabel')}
        description={t('share.everyoneHint')}
        labelElement="div"
      >
        <RightChoice label={t('share.everyoneLabel')} value={everyone} onChange={setEveryone} />
      </Input.Wrapper>
    </Dialog>
  )
}
