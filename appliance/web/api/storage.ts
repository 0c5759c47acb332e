import { queryOptions } from '@tanstack/react-query'
import type { Disk, Pool, PoolOption, PoolPlan } from '../../storage/schema.ts'
import { request } from '../kit/api/request.ts'
import type { PoolWish } from '../kit/pool/wish.ts'

export type { Disk, Pool }

export const disksQuery = queryOptions({
  queryKey: ['disks'],
  queryFn: () => request<Disk[]>('GET', '/disks'),
})

export const poolsQuery = queryOptions({
  queryKey: ['pools'],
  queryFn: () => request<Pool[]>('GET', '/pools'),
})

/** How far what is in a share or home is known. */
interface IndexState {
  pool: string
  kind: 'shares' | 'homes'
  name: string
  isTrue: boolean
  entries: number
}

const whileIndexingMs = 2_000

/** Administrators only. Asked again every other second while one is being made. */
export const indexQuery = queryOptions({
  queryKey: ['index'],
  queryFn: () => request<IndexState[]>('GET', '/files/index'),
  refetchInterval: query => (query.state.data?.some(one => !one.isTrue) ? whileIndexingMs : false),
})

/** How the pool steps of the kit ask the box, once somebody is signed in. */
export const poolQuestions = {
  options: (disks: readonly string[]) => request<PoolOption[]>('POST', '/pools/options', { body: { disks } }),
  plan: (wish: PoolWish) => request<PoolPlan>('POST', '/pools/plan', { body: wish }),
}

interface Started {
  job: string
}

export function createPool(
  wish: PoolWish & { fingerprint: string; confirm: Record<string, string> },
): Promise<Started> {
  return request('POST', '/pools', { body: wish })
}

export function replaceDisk(
  pool: string,
  body: { from: string; to: string; confirm: Record<string, string> },
): Promise<Started> {
  return request('POST', `/pools/${encodeURIComponent(pool)}/replace`, { body })
}

export function scrubPool(pool: string): Promise<Started> {
  return request('POST', `/pools/${encodeURIComponent(pool)}/scrub`)
}
