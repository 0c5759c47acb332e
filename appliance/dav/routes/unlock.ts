import { Failure } from '../../lib/failure.ts'
import { parseLockToken } from '../parse/headers.ts'
import type { DavCall } from '../service/call.ts'
import { locksOn } from '../service/locks.ts'
import { replyEmpty } from '../service/reply.ts'

/** UNLOCK (RFC 4918, 9.11). Only who took a lock gives it back. */
export async function unlock(call: DavCall): Promise<void> {
  const token = parseLockToken(call.request.headers['lock-token'])
  await call.files.stat(call.actor, call.path)
  const lock = (await locksOn(call, call.path)).find(one => one.token === token)
  if (!lock) {
    throw new Failure('conflict', 'dav/no-such-lock', 'This lock does not lie here.', {
      details: { condition: '<d:lock-token-matches-request-uri/>' },
    })
  }
  if (lock.user !== call.actor.user)
    throw new Failure('forbidden', 'dav/not-your-lock', 'Somebody else locked it.')
  await call.locks.remove(token)
  replyEmpty(call.response, 204)
}
