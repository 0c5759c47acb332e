import { queryOptions } from '@tanstack/react-query'
import type { everyone, NfsChange, NfsSettings, NfsStatus } from '../../shares/schema.ts'
import { request } from '../kit/api/request.ts'

export type { NfsChange, NfsSettings, NfsStatus }

/** What is exported: a share, or the home of an account. */
export interface NfsPlace {
  kind: 'shares' | 'homes'
  name: string
}

/** Sent along where every machine that reaches the box is let in. */
export const confirmed: typeof everyone = 'everyone'

/** A server that starts and names that nobody knows are different soon, and no news tells of it. */
const unsettledMs = 5_000
const connectedMs = 15_000

export function nfsQuery(place: NfsPlace) {
  return queryOptions({
    queryKey: [place.kind, place.name, 'nfs'],
    queryFn: () => request<NfsSettings>('GET', addressOf(place)),
    refetchInterval: ({ state: { data } }) =>
      data && (data.problem !== null || data.unknownNames.length > 0) ? unsettledMs : false,
  })
}

export const nfsStatusQuery = queryOptions({
  queryKey: ['nfs'],
  queryFn: () => request<NfsStatus>('GET', '/nfs'),
  refetchInterval: connectedMs,
})

export function setNfs(place: NfsPlace, change: NfsChange): Promise<NfsSettings> {
  return request('PUT', addressOf(place), { body: change })
}

export function removeNfs(place: NfsPlace): Promise<void> {
  return request('DELETE', addressOf(place))
}

function addressOf({ kind, name }: NfsPlace): string {
  return `/${kind}/${encodeURIComponent(name)}/nfs`
}
