import {
  hashKey,
  type InfiniteData,
  type Query,
  type QueryClient,
  type QueryKey,
} from '@tanstack/react-query'

export interface Gathering {
  add(keys: readonly QueryKey[]): void
  stop(): void
}

/**
 * Gathers for a moment what is out of date, and then asks for it again. A further page that somebody is waiting for is
 * not called off by it: that list is asked for again once the page has come.
 */
export function createGathering(client: QueryClient, afterMs: number): Gathering {
  const gathered = new Map<string, QueryKey>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const add = (keys: readonly QueryKey[]) => {
    for (const key of keys) gathered.set(hashKey(key), key)
    if (keys.length > 0) timer ??= setTimeout(flush, afterMs)
  }
  const flush = () => {
    timer = undefined
    const keys = [...gathered.values()]
    gathered.clear()
    for (const queryKey of keys) {
      void client.invalidateQueries({ queryKey, predicate: query => !isReadingOn(query) })
      add(
        client
          .getQueryCache()
          .findAll({ queryKey, predicate: isReadingOn })
          .map(query => query.queryKey),
      )
    }
  }
  return { add, stop: () => clearTimeout(timer) }
}

interface PagedList {
  isRefetching: boolean
  fetchNextPage(): Promise<unknown>
  fetchPreviousPage(): Promise<unknown>
  refetch(): Promise<unknown>
}

/** Asks for a further page at once; a list that was just being asked for again is so after it, instead of never. */
export async function readOn(list: PagedList, to: 'next' | 'previous'): Promise<void> {
  const wasRefetching = list.isRefetching
  await (to === 'next' ? list.fetchNextPage() : list.fetchPreviousPage())
  if (wasRefetching) await list.refetch()
}

function isReadingOn({ state }: Query | Query<InfiniteData<unknown>>): boolean {
  return state.fetchStatus !== 'idle' && state.fetchMeta?.fetchMore !== undefined
}
