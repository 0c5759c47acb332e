import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { HistoryUsage } from '../api/trash.ts'
import { formatBytes } from '../kit/format/bytes.ts'

/** What history takes, and when it goes, in two sentences. */
export function TrashUsage({ usage, place }: { usage: HistoryUsage | undefined; place: string | undefined }) {
  const { t } = useTranslation()
  if (!usage) return null
  const volumes = usage.volumes.filter(({ path }) => !place || path === place)
  const sum = (part: 'trashBytes' | 'versionBytes') =>
    formatBytes(volumes.reduce((total, volume) => total + volume[part], 0))
  return (
    <Text c="dimmed" className="prose" mt={-16}>
      {t('trash.takes', { trash: sum('trashBytes'), versions: sum('versionBytes') })}{' '}
      {t('trash.rule', { count: usage.rule.trashDays })}
    </Text>
  )
}
