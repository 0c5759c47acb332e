import { queryOptions } from '@tanstack/react-query'
import type { Snapshot } from '../../storage/schema.ts'
import { addressOf, request } from '../kit/api/request.ts'
import type { Entry } from './files.ts'

export type Right = 'none' | 'read' | 'write'

export interface Grants {
  everyone: Right
  users: Record<string, Right>
  groups: Record<string, Right>
}

/** `everyone`, `users` and `groups` are told to administrators only. */
export interface Share extends Partial<Grants> {
  name: string
  pool: string
  right: Right
  isAvailable: boolean
  addresses: { windows: string; macos: string; linux: string; webdav: string }
}

export type { Snapshot }

export const sharesQuery = queryOptions({
  queryKey: ['shares'],
  queryFn: () => request<Share[]>('GET', '/shares'),
})

export function createShare(share: { name: string; pool: string; everyone: Right }): Promise<Share> {
  return request('POST', '/shares', { body: share })
}

export function deleteShare(name: string): Promise<void> {
  return request('DELETE', shareAddress(name), { body: { confirm: name } })
}

export function setGrants(name: string, grants: Grants): Promise<Share> {
  return request('PUT', `${shareAddress(name)}/grants`, { body: grants })
}

export function snapshotsQuery(share: string) {
  return queryOptions({
    queryKey: ['shares', share, 'snapshots'],
    queryFn: () => request<Snapshot[]>('GET', `${shareAddress(share)}/snapshots`),
  })
}

export function createSnapshot(share: string, label: string): Promise<Snapshot> {
  return request('POST', `${shareAddress(share)}/snapshots`, { body: label === '' ? {} : { label } })
}

export function deleteSnapshot(share: string, id: string): Promise<void> {
  return request('DELETE', snapshotAddress(share, id))
}

/** One file or folder of the share, or without a path all of it, as it was then. */
export function restoreSnapshot(share: string, id: string, path?: string): Promise<void> {
  return request('POST', `${snapshotAddress(share, id)}/restore`, {
    body: path === undefined ? {} : { path },
  })
}

interface SnapshotListing {
  entries: Entry[]
  next: string | null
}

export function snapshotFolderQuery(share: string, id: string, path: string) {
  return queryOptions({
    queryKey: ['shares', share, 'snapshots', id, path],
    async queryFn({ signal }) {
      const entries: Entry[] = []
      let after: string | null | undefined
      do {
        const query = { path, after: after ?? undefined }
        const page: SnapshotListing = await request('GET', `${snapshotAddress(share, id)}/files`, {
          query,
          signal,
        })
        entries.push(...page.entries)
        after = page.next
      } while (after)
      return entries
    },
  })
}

export function snapshotContentAddress(share: string, id: string, path: string): string {
  return addressOf(`${snapshotAddress(share, id)}/content`, { path })
}

function shareAddress(name: string): string {
  return `/shares/${encodeURIComponent(name)}`
}

function snapshotAddress(share: string, id: string): string {
  return `${shareAddress(share)}/snapshots/${encodeURIComponent(id)}`
}
