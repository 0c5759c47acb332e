import { queryOptions } from '@tanstack/react-query'
import type { SshKey, SshState } from '../../network/schema.ts'
import { request } from '../kit/api/request.ts'

export type { SshKey, SshState }

export function allowPlain(isAllowed: boolean): Promise<void> {
  return request('PUT', '/network/plain', { body: { isAllowed } })
}

export const sshQuery = queryOptions({
  queryKey: ['ssh'],
  queryFn: () => request<SshState>('GET', '/network/ssh'),
})

export function switchSsh(isOn: boolean): Promise<void> {
  return request('PUT', '/network/ssh', { body: { isOn } })
}

export function addSshKey(key: string): Promise<SshKey> {
  return request('POST', '/network/ssh/keys', { body: { key } })
}

export function removeSshKey(id: string): Promise<void> {
  return request('DELETE', `/network/ssh/keys/${encodeURIComponent(id)}`)
}
