import { Failure } from '../../lib/failure.ts'
import { badRequest } from '../errors.ts'
import { type Address, parseAddress, pathOf } from '../parse/address.ts'
import { parseTarget } from '../parse/headers.ts'
import type { Extras } from '../render/live-properties.ts'
import type { DavCall } from './call.ts'
import { requireOurs } from './destination.ts'

/** Where a MOVE out of history goes: back to where it was, or to an address of the files. */
export function restoreTarget(call: DavCall, of: 'trash' | 'versions'): string[] | undefined {
  const header = call.request.headers.destination
  if (header === undefined) throw badRequest('Destination is missing.')
  const { host, path } = parseTarget(String(header))
  const address: Address | undefined = parseAddress(path, call.actor.user)
  requireOurs(host, call.request.headers)
  if (address?.kind === 'restore' && address.of === of) return undefined
  if (address?.kind === 'file') return address.path
  throw new Failure('forbidden', 'dav/destination', 'It can only be restored.')
}

/** The address as it was asked for, without a slash at its end. */
export function askedAddress({ request }: DavCall): string {
  return pathOf(request.url ?? '/').replace(/\/+$/, '')
}

export function historyExtras(
  { instanceId, clock }: DavCall,
  own: Readonly<Record<string, string>> = {},
): Extras {
  return { instanceId, nowMs: clock.now(), locks: [], quota: undefined, hrefOf: () => '', own }
}
