import { type UseQueryResult, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { HistoryUsage, TrashItem } from '../api/trash.ts'

/** The box counts deleted folders when it is asked what history takes: once it has, the list knows how large they are. */
export function useCountedSizes(items: readonly TrashItem[], usage: UseQueryResult<HistoryUsage>): void {
  const client = useQueryClient()
  const askedFor = useRef(0)
  const countedAt = usage.dataUpdatedAt
  const isUnknown = items.some(item => item.kind === 'folder' && item.size === null)
  useEffect(() => {
    if (!isUnknown || countedAt === 0 || askedFor.current === countedAt) return
    askedFor.current = countedAt
    void client.invalidateQueries({ queryKey: ['trash'] })
  }, [isUnknown, countedAt, client])
}
