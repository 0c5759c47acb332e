import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorPanel } from './error-panel.tsx'
import { Skeletons } from './skeletons.tsx'

/** What a query has to show: its data; else why there is none; else the shape of what comes. Old data outlives an error. */
export function Answer<T>({
  query,
  rows = 4,
  height = 44,
  children,
}: {
  query: UseQueryResult<T>
  rows?: number
  height?: number
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
  return <Skeletons rows={rows} height={height} />
}
