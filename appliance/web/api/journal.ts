import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { request } from '../kit/api/request.ts'

export const faces = ['web', 'rest', 'webdav', 'smb', 'nfs', 'box'] as const
export type Face = (typeof faces)[number]

/** One change: who did what, when, from where. */
export interface Activity {
  at: string
  actor: string | null
  device: string | null
  deviceName: string | null
  address: string | null
  face: Face
  what: 'create' | 'write' | 'make-folder' | 'move' | 'copy' | 'delete' | 'restore' | 'touch' | 'other'
  kind: 'file' | 'folder' | null
  id: number | null
  /** `share:NAME` or `home:USER`; null where it is not this person's to see. */
  volume: string | null
  path: string | null
  /** Where it lies among the person's own files. */
  treePath: string | null
  fromVolume: string | null
  fromPath: string | null
  size: number | null
}

/** All that is given must hold. */
export interface ActivityFilter {
  actor?: string | undefined
  device?: string | undefined
  face?: Face | undefined
  folder?: string | undefined
  id?: number | undefined
  /** ISO 8601. */
  from?: string | undefined
  to?: string | undefined
}

export interface ActivityPage {
  entries: Activity[]
  next: string | null
}

/** Where a page begins, and where those before it began. */
interface Start {
  cursor: string | undefined
  before: (string | undefined)[]
}

const pageSize = 100
const mostPages = 5

/** The newest first. However far somebody reads, no more than some pages are held: those on the way back are asked again. */
export function activityQuery(filter: ActivityFilter) {
  return infiniteQueryOptions({
    queryKey: ['journal', filter],
    initialPageParam: { cursor: undefined, before: [] } as Start,
    maxPages: mostPages,
    queryFn: ({ pageParam, signal }) => readFilledPage(filter, pageParam.cursor, signal),
    getNextPageParam: (page: ActivityPage, _pages, { cursor, before }: Start): Start | undefined =>
      page.next === null ? undefined : { cursor: page.next, before: [...before, cursor] },
    getPreviousPageParam: (_page: ActivityPage, _pages, { before }: Start): Start | undefined =>
      before.length === 0 ? undefined : { cursor: before.at(-1), before: before.slice(0, -1) },
  })
}

/** The latest of one thing. */
export function latestActivityQuery(filter: ActivityFilter, limit: number) {
  return queryOptions({
    queryKey: ['journal', filter, limit],
    queryFn: ({ signal }) => readPage(filter, { limit, signal }),
  })
}

/** A page may come empty and not be the last, where little matches: then the next is asked for at once. */
async function readFilledPage(filter: ActivityFilter, start: string | undefined, signal: AbortSignal) {
  for (let cursor = start; ; ) {
    const page = await readPage(filter, { cursor, limit: pageSize, signal })
    if (page.entries.length > 0 || page.next === null) return page
    cursor = page.next
  }
}

function readPage(
  filter: ActivityFilter,
  { signal, ...part }: { cursor?: string | undefined; limit: number; signal: AbortSignal },
): Promise<ActivityPage> {
  return request('GET', '/journal', { query: { ...filter, ...part }, signal })
}
