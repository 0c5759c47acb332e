import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { sharesQuery } from '../api/shares.ts'
import { indexQuery, poolsQuery } from '../api/storage.ts'

const named = 3

/** A quiet line while the box is still getting to know what is on its pools. Files can be used meanwhile. */
export function IndexNote() {
  const { t, i18n } = useTranslation()
  const index = useQuery(indexQuery)
  const pools = useQuery(poolsQuery)
  const shares = useQuery(sharesQuery)
  const isThere = (one: { pool: string; kind: string; name: string }) =>
    pools.data?.some(
      ({ name, state }) => name === one.pool && (state === 'healthy' || state === 'degraded'),
    ) &&
    (one.kind === 'homes' || shares.data?.some(({ name, isAvailable }) => name === one.name && isAvailable))
  const made = (index.data ?? []).filter(one => !one.isTrue && isThere(one))
  if (made.length === 0) return null
  const count = made.reduce((sum, one) => sum + one.entries, 0)
  const names = made.map(({ kind, name }) => (kind === 'homes' ? t('box.homeOf', { name }) : name))
  const shown = names.slice(0, named)
  const more = names.length - shown.length
  const places = more > 0 ? [...shown, t('box.morePlaces', { count: more })] : shown
  return (
    <Text size="sm" c="dimmed" role="status" className="prose unbroken">
      {t('box.indexing', {
        count,
        places: new Intl.ListFormat(i18n.language, { type: 'conjunction' }).format(places),
      })}
    </Text>
  )
}
