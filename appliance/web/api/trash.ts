import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { addressOf, request } from '../kit/api/request.ts'
import type { Entry } from './files.ts'

/** One deleted thing, whatever lies in it. */
export interface TrashItem {
  id: string
  name: string
  kind: 'file' | 'folder'
  /** Of a folder null until the box has counted it. */
  size: number | null
  modifiedAt: string
  fileId: number | null
  deletedAt: string
  /** Empty where it is not known. */
  deletedBy: string
  device: string | null
  face: string | null
  why: 'deleted' | 'replaced'
  /** Where it was. */
  path: string
  /** Null: the home. */
  share: string | null
  canRestore: boolean
}

interface TrashPage {
  items: TrashItem[]
  next: string | null
}

/** A thing in the trash, or one in a deleted folder. */
export interface TrashChoice {
  id: string
  path?: string
}

export type WhenTaken = 'fail' | 'rename' | 'replace'

export interface Restored {
  restored: { id: string; path: string; entry: Entry }[]
  failed: { id: string; code: string; message: string }[]
}

export interface HistoryUsage {
  rule: { trashDays: number }
  volumes: {
    path: string
    share: string | null
    trashItems: number
    trashBytes: number
    versions: number
    versionBytes: number
  }[]
}

const pageSize = 100

/** Of everything, or of the share or home that `place` lies in; the newest first. */
export function trashQuery(place: string | undefined) {
  return infiniteQueryOptions({
    queryKey: ['trash', place ?? null],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => readTrash({ path: place, after: pageParam, limit: pageSize, signal }),
    getNextPageParam: (page: TrashPage) => page.next ?? undefined,
  })
}

interface PageWanted {
  path?: string | undefined
  after?: string | undefined
  limit: number
  signal?: AbortSignal
}

export function readTrash({ signal, ...query }: PageWanted): Promise<TrashPage> {
  return request('GET', '/trash', { query, signal })
}

export function trashFolderQuery(id: string, path: string) {
  return queryOptions({
    queryKey: ['trash', 'in', id, path],
    queryFn: ({ signal }) =>
      request<{ item: TrashItem; entries: Entry[] }>('GET', '/trash/files', { query: { id, path }, signal }),
  })
}

export function trashContentAddress(id: string, path?: string): string {
  return addressOf('/trash/content', { id, path })
}

export function restoreTrash(
  items: readonly TrashChoice[],
  { whenTaken = 'fail', to }: { whenTaken?: WhenTaken; to?: string } = {},
): Promise<Restored> {
  return request('POST', '/trash/restore', { body: { items, whenTaken, ...(to ? { to } : {}) } })
}

/** For good. */
export function deleteTrash(items: readonly TrashChoice[]): Promise<void> {
  return request('POST', '/trash/delete', { body: { items } })
}

/** For good. */
export function emptyTrash(place: string | undefined): Promise<void> {
  return request('POST', '/trash/empty', { body: place === undefined ? {} : { path: place } })
}

export const historyUsageQuery = queryOptions({
  queryKey: ['history-usage'],
  queryFn: () => request<HistoryUsage>('GET', '/history/usage'),
})
