import { badRequest } from '../errors.ts'
import { parseDepth, parseModified, parseOverwrite } from '../parse/headers.ts'
import type { DavCall } from '../service/call.ts'
import { destinationOf } from '../service/destination.ts'
import { requireUnlocked } from '../service/locks.ts'
import { checkIf, conditionsOf } from '../service/preconditions.ts'
import { replyEmpty, setEntryHeaders } from '../service/reply.ts'
import { placeText } from '../store/locks.ts'

/** MOVE (RFC 4918, 9.9). What hangs on the id goes along: properties, and also locks, which follow the file. */
export async function move(call: DavCall): Promise<void> {
  const { request, response, files, actor, path } = call
  const tokens = await checkIf(call)
  if (parseDepth(request.headers.depth, 'infinity') !== 'infinity')
    throw badRequest('MOVE knows only Depth infinity.')
  const target = destinationOf(call)
  const modifiedAtMs = parseModified(request.headers['x-oc-mtime'])
  const [from, to] = [placeOf(call, path), placeOf(call, target)]
  const needs = [path, target].map(one => ({ path: one, isDeep: true, changesParent: true }))
  const moved = await files.move(actor, path, target, {
    overwrite: parseOverwrite(request.headers.overwrite),
    precondition: conditionsOf(call),
    beforeCommit: () => requireUnlocked(call, needs, tokens),
  })
  if (!moved.isNew) await call.locks.forgetBelow(to.volume, to.path)
  await call.locks.moved(from, to)
  const entry = modifiedAtMs === undefined ? moved.entry : await files.touch(actor, target, modifiedAtMs)
  if (modifiedAtMs !== undefined) response.setHeader('X-OC-MTime', 'accepted')
  setEntryHeaders(response, entry, call.instanceId)
  replyEmpty(response, moved.isNew ? 201 : 204)
}

function placeOf({ files, actor }: DavCall, path: readonly string[]) {
  const location = files.locate(actor, path)
  return { volume: location.volume, path: placeText(location.path) }
}
