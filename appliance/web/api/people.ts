import { queryOptions } from '@tanstack/react-query'
import type { AppPassword, Group, User } from '../../users/schema.ts'
import { request } from '../kit/api/request.ts'

export type { AppPassword, Group, User }

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: () => request<User[]>('GET', '/users'),
})
export const groupsQuery = queryOptions({
  queryKey: ['groups'],
  queryFn: () => request<Group[]>('GET', '/groups'),
})

export interface NewUser {
  name: string
  displayName?: string
  password: string
  role: User['role']
}

export function createUser(user: NewUser): Promise<User> {
  return request('POST', '/users', { body: user })
}

export function changeUser(
  name: string,
  change: { displayName?: string; role?: User['role'] },
): Promise<User> {
  return request('PATCH', userAddress(name), { body: change })
}

export function deleteUser(name: string, home: 'keep' | 'delete'): Promise<void> {
  return request('DELETE', userAddress(name), { query: { home } })
}

export function setPassword(name: string, body: { password: string; current?: string }): Promise<void> {
  return request('PUT', `${userAddress(name)}/password`, { body })
}

export function createGroup(group: Group): Promise<Group> {
  return request('POST', '/groups', { body: group })
}

export function setMembers({ name, members }: Group): Promise<Group> {
  return request('PATCH', `/groups/${encodeURIComponent(name)}`, { body: { members } })
}

export function deleteGroup(name: string): Promise<void> {
  return request('DELETE', `/groups/${encodeURIComponent(name)}`)
}

export function appPasswordsQuery(user: string) {
  return queryOptions({
    queryKey: ['app-passwords', user],
    queryFn: () => request<AppPassword[]>('GET', `${userAddress(user)}/app-passwords`),
  })
}

export function createAppPassword(
  user: string,
  label: string,
): Promise<{ id: string; label: string; password: string }> {
  return request('POST', `${userAddress(user)}/app-passwords`, { body: { label } })
}

export function deleteAppPassword(user: string, id: string): Promise<void> {
  return request('DELETE', `${userAddress(user)}/app-passwords/${encodeURIComponent(id)}`)
}

function userAddress(name: string): string {
  return `/users/${encodeURIComponent(name)}`
}
