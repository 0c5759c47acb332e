import { Button, Group, Loader, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { restartBox, type UpdateState } from '../../api/updates.ts'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { formatExact } from '../../kit/format/ago.ts'
import { Card } from '../../kit/sheet.tsx'

/** What was installed runs after the next start: when that is to be. */
export function Restarting({ state }: { state: UpdateState }) {
  const { t, i18n } = useTranslation()
  const client = useQueryClient()
  const restarting = useMutation({
    mutationFn: restartBox,
    onSuccess: () => client.invalidateQueries({ queryKey: ['updates'] }),
  })
  const version = state.slots?.slots.find(({ isNext }) => isNext)?.version ?? ''
  if (restarting.isSuccess && restarting.variables === 'now') return <Away />
  return (
    <Card>
      <Stack gap={16}>
        <Text>
          {state.restartAt
            ? t('updates.restartsAt', { version, at: formatExact(new Date(state.restartAt), i18n.language) })
            : t('updates.installed', { version })}
        </Text>
        {restarting.error && <ErrorPanel error={restarting.error} />}
        <Group gap={8}>
          <Button loading={restarting.isPending} onClick={() => restarting.mutate('now')}>
            {t('updates.restartNow')}
          </Button>
          {state.restartAt ? (
            <Button variant="default" onClick={() => restarting.mutate('never')}>
              {t('updates.restartNever')}
            </Button>
          ) : (
            <Button variant="default" onClick={() => restarting.mutate('night')}>
              {t('updates.restartAtNight')}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  )
}

const askEveryMs = 3_000

/** Until the box answers again, after it did not. */
export function Away() {
  const { t } = useTranslation()
  useQuery({
    queryKey: ['away'],
    refetchInterval: askEveryMs,
    retry: false,
    async queryFn({ client }) {
      const isBack = await fetch('/health/live', { cache: 'no-store' }).then(
        ({ ok }) => ok,
        () => false,
      )
      const wasAway = client.getQueryData<boolean>(['was-away']) === true
      if (!isBack) client.setQueryData(['was-away'], true)
      if (isBack && wasAway) location.reload()
      return isBack
    },
  })
  return (
    <Card>
      <Group gap={12} aria-live="polite">
        <Loader size="sm" aria-hidden />
        <Text>{t('updates.away')}</Text>
      </Group>
    </Card>
  )
}
