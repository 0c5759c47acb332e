import { queryOptions } from '@tanstack/react-query'
import { addressOf, request } from '../kit/api/request.ts'

/** A content of a file: the present one, one that was kept as it was overwritten, or one in a snapshot. */
export interface Version {
  id: string
  kind: 'version' | 'snapshot'
  current: boolean
  modifiedAt: string
  size: number
  author: string | null
  label: string | null
  /** Of a snapshot. */
  takenAt: string | null
}

/** The present content first, then the newest. */
export function versionsQuery(path: string) {
  return queryOptions({
    queryKey: ['versions', path],
    queryFn: () => readVersions(path),
  })
}

export function readVersions(path: string): Promise<Version[]> {
  return request('GET', '/files/versions', { query: { path } })
}

export function versionContentAddress(path: string, id: string): string {
  return addressOf('/files/versions/content', { path, id })
}

export function restoreVersion(path: string, id: string): Promise<void> {
  return request('POST', '/files/versions/restore', { body: { path, id } })
}

export function deleteVersion(path: string, id: string): Promise<void> {
  return request('POST', '/files/versions/delete', { body: { path, id } })
}

/** An empty label takes the name away. */
export function labelVersion(path: string, id: string, label: string): Promise<void> {
  return request('POST', '/files/versions/label', { body: { path, id, label } })
}
