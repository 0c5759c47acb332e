import { queryOptions } from '@tanstack/react-query'
import type { TuningReport } from '../../tuning/schema/index.ts'
import { request, requestText } from '../kit/api/request.ts'

export type { TuningReport }
export type TuningSetting = TuningReport['settings'][number]
export type Facts = TuningReport['facts']
export type Figures = NonNullable<TuningReport['measurements']>
export type Automatic = TuningReport['automatic']
export type Brought = NonNullable<TuningReport['brought']>
export type BroughtResult = Brought['results'][number]

/** Administrators only, like all of it. */
export const tuningQuery = queryOptions({
  queryKey: ['tuning'],
  queryFn: () => request<TuningReport>('GET', '/tuning'),
})

/** What `tuningQuery` says, as a text for a bug report. */
export const tuningTextQuery = queryOptions({
  queryKey: ['tuning', 'report'],
  queryFn: () => requestText('/tuning/report'),
  staleTime: 0,
})

/** Whether what is planned is set without being asked for. */
export function switchAutomatic(isOn: boolean): Promise<void> {
  return request('PUT', '/tuning/automatic', { body: { isOn } })
}

interface Started {
  job: string
}

export function measureBox(): Promise<Started> {
  return request('POST', '/tuning/calibrate')
}

/** One setting of what is planned, or all. */
export function applyTuning(name?: string): Promise<Started> {
  return request('POST', '/tuning/apply', { query: { name } })
}

export interface PutBack {
  reverted: string[]
  failed: { name: string; message: string }[]
}

export function revertTuning(name?: string): Promise<PutBack> {
  return request('POST', '/tuning/revert', { body: name === undefined ? {} : { name } })
}

/** Null gives the setting back to the plan. */
export function chooseValue(name: string, value: string | null): Promise<void> {
  return request('PUT', `/tuning/settings/${encodeURIComponent(name)}`, { body: { value } })
}
