import { QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiFailure } from './failure.ts'

/** `onSignedOut` is called when any question is answered 401: the session has ended. */
export function createClient(onSignedOut: (client: QueryClient) => void): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: error => {
        if (error instanceof ApiFailure && error.status === 401) onSignedOut(client)
      },
    }),
    defaultOptions: {
      queries: { retry: isWorthRetrying, staleTime: 10_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  })
  return client
}

/** Only what may be different in a second: nothing answered, or a server that failed unexpectedly. */
function isWorthRetrying(count: number, error: unknown): boolean {
  return count < 2 && error instanceof ApiFailure && (error.status === 0 || error.status === 502)
}
