import { EventEmitter, once } from 'node:events'
import { InfiniteQueryObserver, QueryClient, QueryObserver } from '@tanstack/react-query'
import test, { type ExecutionContext } from 'ava'
import { createGathering, readOn } from '../../appliance/web/kit/api/gathering.ts'

test('news do not call off the further page that somebody waits for, and are asked for after it', async t => {
  const { client, list, seen, hold } = paged(t)
  const gathering = createGathering(client, 0)
  const other = new QueryObserver(client, {
    queryKey: ['list', 'other'],
    queryFn: () => seen.add('other'),
  })
  t.teardown(other.subscribe(() => undefined))
  t.teardown(() => gathering.stop())
  await seen.times('there', 1)
  await seen.times('other', 1)

  const release = hold(1)
  const more = list.fetchNextPage()
  await seen.times('page 1', 1)
  gathering.add([['list']])
  await seen.times('other', 2)
  t.true(list.getCurrentResult().isFetchingNextPage)
  t.is(seen.count('page 0'), 1)
  release()
  t.is((await more).data?.pages.length, 2)
  await seen.times('page 0', 2)
})

test('a list that is just being asked for again is so after the further page, too', async t => {
  const { list, seen, hold } = paged(t)
  await seen.times('there', 1)
  const release = hold(0)
  void list.refetch()
  await seen.times('page 0', 2)
  release()
  await readOn(list.getCurrentResult(), 'next')
  t.is(seen.count('page 0'), 3)
  t.is(list.getCurrentResult().data?.pages.length, 2)
})

/** A list of numbered pages, whose answers can be held back. */
function paged(t: ExecutionContext) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const seen = createCounts()
  const held = new Map<number, Promise<void>>()
  const list = new InfiniteQueryObserver(client, {
    queryKey: ['list', 'paged'],
    initialPageParam: 0,
    queryFn: async ({ pageParam, signal }) => {
      seen.add(`page ${pageParam}`)
      await held.get(pageParam)
      signal.throwIfAborted()
      return pageParam
    },
    getNextPageParam: last => last + 1,
  })
  const close = list.subscribe(({ isSuccess, isFetching }) => isSuccess && !isFetching && seen.add('there'))
  t.teardown(() => {
    close()
    client.clear()
  })
  return { client, list, seen, hold }

  function hold(page: number) {
    const { promise, resolve } = Promise.withResolvers<void>()
    held.set(page, promise)
    return () => {
      held.delete(page)
      resolve()
    }
  }
}

/** Counts what happens, and waits until it happened so often. */
function createCounts() {
  const counts = new Map<string, number>()
  const events = new EventEmitter()
  const count = (what: string) => counts.get(what) ?? 0
  return {
    count,
    add(what: string): number {
      counts.set(what, count(what) + 1)
      events.emit(what)
      return count(what)
    },
    async times(what: string, wanted: number) {
      while (count(what) < wanted) await once(events, what)
    },
  }
}
