import { Button, Text } from '@mantine/core'
import { IconHistoryToggle } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { type Activity, activityQuery } from '../api/journal.ts'
import type { Person } from '../api/session.ts'
import { readOn } from '../kit/api/gathering.ts'
import { EmptyPlace } from '../kit/empty-place.tsx'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { Sheet } from '../kit/sheet.tsx'
import { Skeletons } from '../kit/skeletons.tsx'
import { ActivityFilters } from './activity-filters.tsx'
import { ActivityList } from './activity-list.tsx'
import { countOf, filterOf, searchOf, type Wanted, wantedOf } from './filter.ts'

/** Who did what, when and by what, in all that this person may see. */
export function ActivityPage({ person }: { person: Person }) {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const wanted = wantedOf(search)
  const today = new Date().toDateString()
  const filter = useMemo(() => filterOf(wantedOf(search), new Date(today)), [search, today])
  const query = useInfiniteQuery(activityQuery(filter))
  const entries = query.data?.pages.flatMap(page => page.entries) ?? []
  const isEmpty = query.data !== undefined && entries.length === 0
  const seen = useSeen(entries)
  const change = (changed: Partial<Wanted>) => setSearch(searchOf({ ...wanted, ...changed }))
  return (
    <Sheet title={t('activity.title')}>
      <Text c="dimmed" className="prose" mt={-16}>
        {t(person.role === 'admin' ? 'activity.leadAdmin' : 'activity.lead')}
      </Text>
      <ActivityFilters
        person={person}
        wanted={wanted}
        seen={seen}
        onChange={change}
        onClear={isEmpty ? undefined : () => setSearch({})}
      />
      {query.error && !query.data ? (
        <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
      ) : !query.data ? (
        <Skeletons rows={8} height={64} />
      ) : isEmpty ? (
        <NothingDone isFiltered={countOf(wanted) > 0} onClear={() => setSearch({})} />
      ) : (
        <>
          {query.hasPreviousPage && (
            <Button
              variant="default"
              loading={query.isFetchingPreviousPage}
              onClick={() => void readOn(query, 'previous')}
            >
              {t('activity.newer')}
            </Button>
          )}
          <ActivityList entries={entries} />
          {query.hasNextPage && (
            <Button
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => void readOn(query, 'next')}
            >
              {t('showMore')}
            </Button>
          )}
          {query.isFetchNextPageError && <ErrorPanel error={query.error} />}
        </>
      )}
    </Sheet>
  )
}

function NothingDone({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  const { t } = useTranslation()
  return (
    <EmptyPlace
      icon={<IconHistoryToggle size={40} stroke={1.25} />}
      text={t(isFiltered ? 'activity.noneFound' : 'activity.empty')}
    >
      {isFiltered && (
        <Button variant="default" onClick={onClear}>
          {t('activity.clear')}
        </Button>
      )}
    </EmptyPlace>
  )
}

export interface Seen {
  actors: ReadonlySet<string>
  /** What to ask for, and what people call it. */
  devices: ReadonlyMap<string, string>
}

/** Everybody and everything met so far: what the filters offer, also while one of them narrows the list down. */
function useSeen(entries: readonly Activity[]): Seen {
  const seen = useRef({ actors: new Set<string>(), devices: new Map<string, string>() })
  for (const { actor, device, deviceName, address } of entries) {
    if (actor !== null) seen.current.actors.add(actor)
    if (device === null) continue
    const name = deviceName ?? (device.startsWith('smb:') ? device.slice(4) || address : null)
    if (name !== null && name !== '') seen.current.devices.set(deviceName ?? device, name)
  }
  return seen.current
}
