import { Group, Loader, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { isUnclaimed } from '../../api/reset.ts'
import { Card } from '../../kit/sheet.tsx'

const askEveryMs = 2_000

/** Until the box is one that nobody has set up: then its wizard opens, if it is still where it was. */
export function StartingAnew() {
  const { t } = useTranslation()
  useQuery({
    queryKey: ['anew'],
    refetchInterval: askEveryMs,
    retry: false,
    async queryFn() {
      const isNew = await isUnclaimed().catch(() => false)
      if (isNew) location.assign('/setup')
      return isNew
    },
  })
  return (
    <Card>
      <Group gap={12} align="flex-start" wrap="nowrap" aria-live="polite">
        <Loader size="sm" aria-hidden />
        <div>
          <Text>{t('reset.underWay')}</Text>
          <Text c="dimmed" className="prose">
            {t('reset.underWayHint')}
          </Text>
        </div>
      </Group>
    </Card>
  )
}
