import { badRequest } from '../errors.ts'
import { parseDepth } from '../parse/headers.ts'
import type { DavCall } from '../service/call.ts'
import { requireUnlocked } from '../service/locks.ts'
import { checkIf, conditionsOf } from '../service/preconditions.ts'
import { replyEmpty } from '../service/reply.ts'
import { placeText } from '../store/locks.ts'

/** DELETE (RFC 4918, 9.6): all of it or nothing, into the trash unless the client wants it gone. */
export async function remove(call: DavCall): Promise<void> {
  const { request, response, files, actor, path } = call
  const tokens = await checkIf(call)
  if (parseDepth(request.headers.depth, 'infinity') !== 'infinity') {
    const entry = await files.stat(actor, path)
    if (entry.kind === 'folder')
      throw badRequest('A folder is deleted with all that it holds: Depth must be infinity.')
  }
  const location = files.locate(actor, path)
  await files.stat(actor, path)
  const beforeCommit = () => requireUnlocked(call, [{ path, isDeep: true, changesParent: true }], tokens)
  const isForGood = request.headers['x-nc-skip-trashbin'] === 'true'
  await files.remove(actor, path, { precondition: conditionsOf(call), beforeCommit, isForGood })
  await call.locks.forgetBelow(location.volume, placeText(location.path))
  replyEmpty(response, 204)
}
