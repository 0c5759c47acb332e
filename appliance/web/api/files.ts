import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { addressOf, request } from '../kit/api/request.ts'

export interface Entry {
  name: string
  kind: 'file' | 'folder'
  size: number | null
  modifiedAt: string
  id: number | null
  etag: string | null
  isShare: boolean
  isAvailable: boolean
}

export interface Listing {
  path: string
  right: 'read' | 'write'
  entries: Entry[]
}

interface Page extends Listing {
  next: string | null
}

const pageSize = 1000

/** A whole folder. It comes in pages; the first is shown while the others arrive. */
export function folderQuery(client: QueryClient, path: string) {
  const queryKey = folderKey(path)
  return queryOptions<Listing & { isComplete: boolean }>({
    queryKey,
    structuralSharing: false,
    async queryFn({ signal }) {
      const { next, ...listing } = await readPage(path, undefined, signal)
      const entries = listing.entries
      let after = next
      while (after !== null) {
        const shown = client.getQueryData<{ isComplete: boolean }>(queryKey)
        if (!shown?.isComplete)
          client.setQueryData(queryKey, { ...listing, entries: [...entries], isComplete: false })
        const page = await readPage(path, after, signal)
        entries.push(...page.entries)
        after = page.next
      }
      return { ...listing, entries, isComplete: true }
    },
  })
}

export function folderKey(path: string) {
  return ['files', path] as const
}

function readPage(path: string, after: string | undefined, signal: AbortSignal): Promise<Page> {
  return request('GET', '/files', { query: { path, after, limit: pageSize }, signal })
}

export function contentAddress(path: string, options: { download?: boolean } = {}): string {
  return addressOf('/files/content', { path, download: options.download ? 1 : undefined })
}

/** The folder, or the named things in it, as one zip. */
export function archiveAddress(path: string, names: readonly string[]): string {
  return addressOf('/files/archive', { path, name: names })
}

export function makeFolder(path: string): Promise<Entry> {
  return request('POST', '/files/folders', { body: { path } })
}

interface Place {
  from: string
  to: string
  overwrite?: boolean
}

export function moveFile({ from, to, overwrite = false }: Place): Promise<void> {
  return request('POST', '/files/move', { body: { from, to, overwrite } })
}

export function copyFile({ from, to, overwrite = false }: Place): Promise<void> {
  return request('POST', '/files/copy', { body: { from, to, overwrite } })
}

export function deleteFiles(paths: readonly string[]): Promise<void> {
  return request('POST', '/files/delete', { body: { paths } })
}
