import { Failure } from '../../lib/failure.ts'
import { hasBody } from '../service/body.ts'
import type { DavCall } from '../service/call.ts'
import { requireUnlocked } from '../service/locks.ts'
import { checkIf, conditionsOf } from '../service/preconditions.ts'
import { replyEmpty, setEntryHeaders } from '../service/reply.ts'

/** MKCOL (RFC 4918, 9.3). */
export async function mkcol(call: DavCall): Promise<void> {
  const { request, response, files, actor, path } = call
  if (hasBody(request)) throw new Failure('invalid', 'dav/wrong-type', 'MKCOL takes no body.')
  const tokens = await checkIf(call)
  const requireOpen = () => requireUnlocked(call, [{ path, changesParent: true }], tokens)
  const entry = await files.makeFolder(actor, path, {
    precondition: conditionsOf(call),
    beforeCommit: requireOpen,
  })
  setEntryHeaders(response, entry, call.instanceId)
  replyEmpty(response, 201)
}
