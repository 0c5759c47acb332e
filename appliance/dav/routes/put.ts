import type { WriteOptions } from '../../files/index.ts'
import { Failure } from '../../lib/failure.ts'
import { badRequest } from '../errors.ts'
import { parseModified } from '../parse/headers.ts'
import { bodyOf } from '../service/body.ts'
import type { DavCall } from '../service/call.ts'
import { announcedChecksums, setWrittenChecksums, wantedByXHash } from '../service/checksum.ts'
import { requireUnlocked } from '../service/locks.ts'
import { checkIf, conditionsOf } from '../service/preconditions.ts'
import { replyEmpty, setEntryHeaders } from '../service/reply.ts'

/** PUT (RFC 4918, 9.7): all or nothing, durable when answered. */
export async function put(call: DavCall): Promise<void> {
  const { request, response, path } = call
  if (request.headers['content-range'] !== undefined) throw badRequest('A part of a file cannot be put.') // RFC 9110, 14.5
  if (call.isFolderForm)
    throw new Failure('conflict', 'dav/folder-address', 'An address that ends in / is a folder.')
  const tokens = await checkIf(call)
  const modifiedAtMs = parseModified(request.headers['x-oc-mtime'])
  await makeParents(call)
  const conditions = conditionsOf(call)
  let isAdded = true
  const { entry, isNew, checksums } = await writeFile(call, {
    precondition(current) {
      isAdded = current === undefined
      conditions(current)
    },
    beforeCommit: () => requireUnlocked(call, [{ path, changesParent: isAdded }], tokens),
    ...(modifiedAtMs === undefined ? {} : { modifiedAtMs }),
  })
  setEntryHeaders(response, entry, call.instanceId)
  setWrittenChecksums(request, response, checksums)
  if (modifiedAtMs !== undefined) response.setHeader('X-OC-MTime', 'accepted')
  replyEmpty(response, isNew ? 201 : 204)
}

/** From here on a body is worth being refused before it is sent. */
const longBodyBytes = 64 * 1024

async function writeFile(
  call: DavCall,
  options: WriteOptions & Required<Pick<WriteOptions, 'beforeCommit'>>,
) {
  const { request, response, files, actor, path } = call
  const length = request.headers['content-length']
  const isLong =
    length === undefined || Number(length) > longBodyBytes || request.headers.expect !== undefined
  try {
    return await files.write(actor, path, bodyOf(request, response), {
      ...options,
      expectedChecksums: announcedChecksums(request),
      wantedChecksums: wantedByXHash(request),
      ...(isLong ? { beforeBody: options.beforeCommit } : {}),
      ...(length === undefined ? {} : { expectedSize: Number(length) }),
    })
  } catch (error) {
    throw forClient(call, error)
  }
}

/** What iOS asks for as it uploads photos into folders by date. */
export async function makeParents({ request, files, actor, path }: DavCall): Promise<void> {
  if (request.headers['x-nc-webdav-auto-mkcol'] !== '1') return
  for (const depth of path.keys()) {
    if (depth === 0) continue
    try {
      await files.makeFolder(actor, path.slice(0, depth))
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'files/name-taken')) throw error
    }
  }
}

const nextcloudClients = /\bmirall\/|Nextcloud-(iOS|android)|\bNextcloud\b/i

/** RFC 4918, 9.7.1 says 409 where the folder is missing; clients of Nextcloud know its 404 and look again. */
export function forClient(call: DavCall, error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== 'files/no-parent') return error
  if (!nextcloudClients.test(call.request.headers['user-agent'] ?? '')) return error
  return new Failure('missing', error.code, error.message)
}
