import { Failure } from '../../lib/failure.ts'
import { badRequest } from '../errors.ts'
import { parseAddress } from '../parse/address.ts'
import { parseTarget } from '../parse/headers.ts'
import type { DavCall } from './call.ts'

/** Where COPY and MOVE go: any address of the same person's tree. */
export function destinationOf({ request, actor }: DavCall): string[] {
  const header = request.headers.destination
  if (header === undefined) throw badRequest('Destination is missing.')
  const { host, path } = parseTarget(String(header))
  const address = parseAddress(path, actor.user)
  requireOurs(host, request.headers)
  if (address?.kind === 'file') return address.path
  throw address === undefined
    ? otherServer()
    : new Failure('forbidden', 'dav/destination', 'Nothing can be put there.')
}

export function requireOurs(host: string | undefined, headers: DavCall['request']['headers']): void {
  if (!isOurs(host, headers)) throw otherServer()
}

/** Behind a proxy the address that the client knows comes in X-Forwarded-Host. */
function isOurs(host: string | undefined, headers: DavCall['request']['headers']): boolean {
  if (host === undefined || headers.host === undefined) return true
  const known = [headers.host, ...String(headers['x-forwarded-host'] ?? '').split(',')]
  return known.map(nameOf).includes(nameOf(host))
}

/** Without the port, which a forwarding may change. */
function nameOf(host: string): string {
  return host.trim().toLowerCase().replace(/:\d*$/, '')
}

/** RFC 4918, 9.8.5 */
function otherServer(): Failure {
  return new Failure('unsupported', 'dav/other-server', 'The destination is on another server.')
}
