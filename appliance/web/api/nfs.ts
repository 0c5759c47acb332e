import { queryOptions } from '@tanstack/react-query'
import type { everyone } from '../../shares/plan/nfs-clients.ts'
import type { NfsChange, NfsSettings, NfsStatus } from '../../shares/schema.ts'
import { request } from '../kit/api/request.ts'

export type { NfsChange, NfsSettings, NfsStatus }

/** What is exported: a share, or the home of an account. */
export interface NfsPlace {
  kind: 'shares' | 'homes'
  name: string
}

/** Sent along where every machine that reaches the box is let in. */
export const confirmed: typeof everyone = 'everyone'

/** No news tells of how the NFS server is. */
const againMs = 15_000
/** A server that is being started, and names that nobody knows, are different soon. */
const soonMs = 5_000

export function nfsQuery(place: NfsPlace) {
  return queryOptions({
    queryKey: [place.kind, place.name, 'nfs'],
    queryFn: () => request<NfsSettings>('GET', addressOf(place)),
    refetchInterval: ({ state: { data } }) => (data?.enabled ? againAfterMs(data) : false),
  })
}

export const nfsStatusQuery = queryOptions({
  queryKey: ['nfs'],
  queryFn: () => request<NfsStatus>('GET', '/nfs'),
  refetchInterval: againMs,
})

function againAfterMs({ problem, unknownNames }: NfsSettings): number {
  return problem === null && unknownNames.length === 0 ? againMs : soonMs
}

export function setNfs(place: NfsPlace, change: NfsChange): Promise<NfsSettings> {
  return request('PUT', addressOf(place), { body: change })
}

export function removeNfs(place: NfsPlace): Promise<void> {
  return request('DELETE', addressOf(place))
}

function addressOf({ kind, name }: NfsPlace): string {
  return `/${kind}/${encodeURIComponent(name)}/nfs`
}
