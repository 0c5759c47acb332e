import { useLocalStorage } from '@mantine/hooks'
import { useMemo, useState } from 'react'
import type { Entry } from '../../api/files.ts'
import { byName, findEntries, type Order, type SortKey, sortEntries } from './order.ts'

/** The entries of a folder as they are shown: found, sorted, and known by name. */
export function useEntries(all: readonly Entry[] | undefined) {
  const [order, setOrder] = useLocalStorage<Order>({ key: 'cairn-order', defaultValue: byName })
  const [wanted, setWanted] = useState('')
  const shown = useMemo(() => sortEntries(findEntries(all ?? [], wanted), order), [all, wanted, order])
  const names = useMemo(() => shown.map(entry => entry.name), [shown])
  const byEntryName = useMemo(() => new Map((all ?? []).map(entry => [entry.name, entry])), [all])
  return {
    shown,
    names,
    wanted,
    setWanted,
    order,
    sortBy: (key: SortKey) => setOrder({ key, isReversed: order.key === key && !order.isReversed }),
    named: (name: string | null) => (name === null ? undefined : byEntryName.get(name)),
  }
}

export type Entries = ReturnType<typeof useEntries>
