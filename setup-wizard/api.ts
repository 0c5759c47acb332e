import { queryOptions } from '@tanstack/react-query'
import type { Job } from '../appliance/jobs/schema.ts'
import type { Disk, FoundPool, PoolOption, PoolPlan } from '../appliance/storage/schema.ts'
import type { TuningReport } from '../appliance/tuning/schema/index.ts'
import type { Addresses } from '../appliance/web/kit/address-lines.tsx'
import { request } from '../appliance/web/kit/api/request.ts'
import type { PoolQuestions } from '../appliance/web/kit/pool/pool-planner.tsx'
import type { Right } from '../appliance/web/kit/right-choice.tsx'

export interface SetupState {
  isClaimed: boolean
  isUnlocked: boolean
  isPractice: boolean
  hostName: string
  draft: unknown
}

/** What the wizard posts in the end: the same document that a file may carry. */
export interface SetupDocument {
  hostName?: string
  admin: { name: string; displayName?: string; password: string }
  pool: { name: string; profile: string; disks: string[] } | null
  erase: string[]
  import: { uuid: string }[]
  shares: { name: string; everyone: Right }[]
}

export interface Problem {
  field: string
  message: string
}

export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: () => request<SetupState>('GET', '/setup'),
})

export const setupDisksQuery = queryOptions({
  queryKey: ['setup', 'disks'],
  queryFn: () => request<Disk[]>('GET', '/setup/disks'),
})

export type { FoundPool }

export const foundPoolsQuery = queryOptions({
  queryKey: ['setup', 'pools'],
  queryFn: () => request<FoundPool[]>('GET', '/setup/pools'),
})

const whileRunningMs = 700

export const progressQuery = queryOptions({
  queryKey: ['setup', 'progress'],
  queryFn: () => request<Job | null>('GET', '/setup/progress'),
  refetchInterval: query => (query.state.data?.state === 'running' ? whileRunningMs : false),
})

export const setupQuestions: PoolQuestions = {
  options: disks => request<PoolOption[]>('POST', '/setup/options', { body: { disks } }),
  plan: ({ name, profile, disks }) =>
    request<PoolPlan>('POST', '/setup/plan', { body: { name, profile, disks } }),
}

export function unlock(code: string): Promise<void> {
  return request('POST', '/setup/unlock', { body: { code } })
}

export function saveDraft(draft: Record<string, unknown>): Promise<void> {
  return request('PUT', '/setup/draft', { body: draft })
}

export function check(document: SetupDocument): Promise<{ problems: Problem[]; plan: PoolPlan | null }> {
  return request('POST', '/setup/check', { body: document })
}

export function apply(document: SetupDocument): Promise<{ job: string }> {
  return request('POST', '/setup/apply', { body: document })
}

export function signIn(name: string, password: string): Promise<void> {
  return request('POST', '/session', { body: { name, password } })
}

export const tuningQuery = queryOptions({
  queryKey: ['tuning'],
  queryFn: () => request<TuningReport>('GET', '/tuning'),
})

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: () => request<Job[]>('GET', '/jobs'),
  refetchInterval: query => (query.state.data?.some(job => job.state === 'running') ? whileRunningMs : false),
})

export function measure(): Promise<{ job: string }> {
  return request('POST', '/tuning/calibrate')
}

export function cancelJob(id: string): Promise<void> {
  return request('DELETE', `/jobs/${encodeURIComponent(id)}`)
}

export const sharesQuery = queryOptions({
  queryKey: ['shares'],
  queryFn: () => request<{ name: string; addresses: Addresses }[]>('GET', '/shares'),
})
