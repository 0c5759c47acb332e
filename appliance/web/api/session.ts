import { type QueryClient, queryOptions } from '@tanstack/react-query'
import { ApiFailure } from '../kit/api/failure.ts'
import { request } from '../kit/api/request.ts'

export interface Person {
  name: string
  displayName: string
  role: 'admin' | 'member'
}

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Number.POSITIVE_INFINITY,
  async queryFn(): Promise<Person | null> {
    try {
      return (await request<{ user: Person }>('GET', '/session')).user
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 401) return null
      throw error
    }
  },
})

export async function signIn(credentials: {
  name: string
  password: string
  remember: boolean
}): Promise<Person> {
  return (await request<{ user: Person }>('POST', '/session', { body: credentials })).user
}

/** Forgets everything that was asked for, so that the next person sees nothing of it. */
export async function signOut(client: QueryClient): Promise<void> {
  await request('DELETE', '/session')
  forgetSession(client)
}

export function forgetSession(client: QueryClient): void {
  client.removeQueries({ predicate: query => query.queryKey[0] !== 'session' })
  client.setQueryData(sessionQuery.queryKey, null)
}
