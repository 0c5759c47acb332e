import type { Entry, Precondition } from '../../files/index.ts'
import { judgeConditions } from '../../http/conditions.ts'
import { Failure } from '../../lib/failure.ts'
import { parseAddress } from '../parse/address.ts'
import { parseTarget } from '../parse/headers.ts'
import { type Condition, type ConditionList, parseIf, submittedTokens } from '../parse/if-header.ts'
import { type DavCall, entryAt } from './call.ts'
import { locksOn } from './locks.ts'

const none: ReadonlySet<string> = new Set()

/** Checks the If header, and answers the lock tokens that came with it. */
export async function checkIf(call: DavCall): Promise<ReadonlySet<string>> {
  const header = call.request.headers.if
  if (header === undefined) return none
  const lists = parseIf(String(header))
  for (const list of lists) {
    if (await isTrue(call, list)) return submittedTokens(lists)
  }
  throw failed()
}

async function isTrue(call: DavCall, { resource, conditions }: ConditionList): Promise<boolean> {
  const path = resource === undefined ? call.path : pathOfResource(call, resource)
  const entry = path ? await entryAt(call, path) : undefined
  const tokens =
    path && conditions.some(one => one.token) ? (await locksOn(call, path)).map(lock => lock.token) : []
  const holds = ({ token, etag }: Condition) =>
    token === undefined ? etag !== '' && entry?.etag === etag : tokens.includes(token)
  return conditions.every(condition => holds(condition) !== condition.isNot)
}

function pathOfResource(call: DavCall, resource: string): string[] | undefined {
  try {
    const address = parseAddress(parseTarget(resource).path, call.actor.user)
    return address?.kind === 'file' ? address.path : undefined
  } catch (error) {
    // A tag that is no address of ours names nothing that could be true.
    if (error instanceof Failure) return undefined
    throw error
  }
}

/** The preconditions of RFC 9110 for a change, to be checked against what is there at its very moment. */
export function conditionsOf(call: DavCall): Precondition {
  const { headers } = call.request
  return current => {
    if (judgeConditions(headers, current && validators(current), false) !== 'go') throw failed(current)
  }
}

export function validators(entry: Entry) {
  return { etag: entry.etag, modifiedAtMs: entry.modifiedAtMs }
}

/** With the etag that is there now, as clients that resolve the conflict want it. */
function failed(current?: Entry): Failure {
  const details = current?.etag === undefined ? {} : { etag: current.etag }
  return new Failure(
    'precondition',
    'dav/precondition-failed',
    'A precondition of the request does not hold.',
    { details },
  )
}
