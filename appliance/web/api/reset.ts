import { queryOptions } from '@tanstack/react-query'
import type { ResetPlan } from '../../reset/schema.ts'
import { request } from '../kit/api/request.ts'

export type { ResetPlan }

export const resetQuery = queryOptions({
  queryKey: ['reset'],
  queryFn: () => request<ResetPlan>('GET', '/reset'),
})

/** `erase`: pools, and what was typed for each. */
export function resetBox(body: {
  password: string
  confirm: string
  erase: Record<string, string>
}): Promise<void> {
  return request('POST', '/reset', { body })
}

export async function isUnclaimed(): Promise<boolean> {
  const { isClaimed } = await request<{ isClaimed: boolean }>('GET', '/setup')
  return !isClaimed
}
