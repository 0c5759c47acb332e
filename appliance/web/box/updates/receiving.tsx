import { Button, FileButton, Group, Stack, Text } from '@mantine/core'
import { IconUpload } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { dropBundle, installBundle, sendBundle, type UpdateState } from '../../api/updates.ts'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { formatBytes } from '../../kit/format/bytes.ts'
import { Notice } from '../../kit/notice.tsx'
import { Card } from '../../kit/sheet.tsx'
import { Going } from './going.tsx'

/** An update is chosen, sent, looked at and installed, one step after the other. */
export function Receiving({ state }: { state: UpdateState }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [fraction, setFraction] = useState<number | null>(null)
  const again = () =>
    Promise.all(['updates', 'jobs'].map(key => client.invalidateQueries({ queryKey: [key] })))
  const sending = useMutation({
    mutationFn: (file: File) => sendBundle(file, setFraction),
    onSettled: () => {
      setFraction(null)
      return again()
    },
  })
  const installing = useMutation({ mutationFn: installBundle, onSuccess: again })
  const dropping = useMutation({ mutationFn: dropBundle, onSuccess: again })
  const failed = sending.error ?? installing.error ?? dropping.error
  const { bundle } = state

  if (fraction !== null) return <Going label={t('updates.sending')} fraction={fraction} />
  return (
    <Card>
      <Stack gap={16}>
        {bundle && (
          <Text>
            {bundle.version
              ? t('updates.received', { version: bundle.version })
              : t('updates.receivedPart', { size: formatBytes(bundle.receivedBytes) })}
          </Text>
        )}
        {bundle?.problem && <Notice kind="warning">{bundle.problem}</Notice>}
        {failed && <ErrorPanel error={failed} />}
        <Group gap={8}>
          {bundle?.version && (
            <Button loading={installing.isPending} onClick={() => installing.mutate(false)}>
              {t('updates.install', { version: bundle.version })}
            </Button>
          )}
          {bundle?.version && isOlder(installing.error) && (
            <Button variant="default" onClick={() => installing.mutate(true)}>
              {t('updates.installOlder')}
            </Button>
          )}
          <FileButton accept=".raucb" onChange={file => file && sending.mutate(file)}>
            {props => (
              <Button {...props} variant="default" leftSection={<IconUpload size={20} aria-hidden />}>
                {t('updates.choose')}
              </Button>
            )}
          </FileButton>
          {bundle && (
            <Button variant="subtle" loading={dropping.isPending} onClick={() => dropping.mutate()}>
              {t('updates.drop')}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  )
}

function isOlder(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'updates/older'
}
