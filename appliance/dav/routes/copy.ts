import { badRequest } from '../errors.ts'
import { parseDepth, parseOverwrite } from '../parse/headers.ts'
import type { DavCall } from '../service/call.ts'
import { destinationOf } from '../service/destination.ts'
import { requireUnlocked } from '../service/locks.ts'
import { checkIf, conditionsOf } from '../service/preconditions.ts'
import { replyEmpty, setEntryHeaders } from '../service/reply.ts'
import { placeText } from '../store/locks.ts'

/** COPY (RFC 4918, 9.8): dead properties go along, ids and locks do not. */
export async function copy(call: DavCall): Promise<void> {
  const { request, response, files, actor, path } = call
  const tokens = await checkIf(call)
  const depth = parseDepth(request.headers.depth, 'infinity')
  if (depth === '1') throw badRequest('COPY knows Depth 0 and infinity.')
  const target = destinationOf(call)
  const requireOpen = () =>
    requireUnlocked(call, [{ path: target, isDeep: true, changesParent: true }], tokens)
  await requireOpen()
  const { entry, isNew } = await files.copy(actor, path, target, {
    overwrite: parseOverwrite(request.headers.overwrite),
    isShallow: depth === '0',
    precondition: conditionsOf(call),
    beforeCommit: requireOpen,
  })
  if (!isNew) await forgetReplaced(call, target)
  setEntryHeaders(response, entry, call.instanceId)
  replyEmpty(response, isNew ? 201 : 204)
}

/** Locks on what was replaced ended with it. */
async function forgetReplaced({ files, actor, locks }: DavCall, target: readonly string[]) {
  const { volume, path } = files.locate(actor, target)
  await locks.forgetBelow(volume, placeText(path))
}
