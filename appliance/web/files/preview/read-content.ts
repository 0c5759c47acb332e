import { failureOf } from '../../kit/api/failure.ts'
import { ourOwn } from '../../kit/api/request.ts'

/** The bytes of a file; throws `ApiFailure`. An empty file has no first byte to ask for (RFC 9110 15.5.17). */
export async function readContent(
  address: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(address, { headers: { ...ourOwn, ...headers }, signal })
  if (response.ok) return response
  if (response.status === 416) return new Response('')
  throw failureOf(response.status, await response.json().catch(() => undefined))
}
