import { queryOptions } from '@tanstack/react-query'
import type { HealthReport } from '../../health/schema.ts'
import type { Job } from '../../jobs/schema.ts'
import { request } from '../kit/api/request.ts'

export type { HealthReport, Job }
export type HealthIssue = HealthReport['issues'][number]

export interface SystemInfo {
  name: string
  version: string
  addresses: string[]
}

const whileRunningMs = 1_000

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: () => request<HealthReport>('GET', '/health'),
})

export const systemQuery = queryOptions({
  queryKey: ['system'],
  queryFn: () => request<SystemInfo>('GET', '/system'),
})

/** Administrators only. Asked each second while something runs. */
export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: () => request<Job[]>('GET', '/jobs'),
  refetchInterval: query => (query.state.data?.some(job => job.state === 'running') ? whileRunningMs : false),
})

export function cancelJob(id: string): Promise<void> {
  return request('DELETE', `/jobs/${encodeURIComponent(id)}`)
}
