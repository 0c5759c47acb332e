import { checksumAlgorithms } from '../../files/index.ts'
import { badRequest } from '../errors.ts'
import type { DavCall } from '../service/call.ts'
import { setChecksumHeader } from '../service/checksum.ts'
import { checkIf } from '../service/preconditions.ts'
import { replyEmpty } from '../service/reply.ts'

/** PATCH, only to have a checksum computed again: the desktop client, whose download did not have the one it was told. */
export async function patch(call: DavCall): Promise<void> {
  const { request, response, files, actor, path } = call
  await checkIf(call)
  const wanted = String(request.headers['x-recalculate-hash'] ?? '').toUpperCase()
  const algorithm = checksumAlgorithms.find(one => one === wanted)
  if (!algorithm)
    throw badRequest('PATCH is known only with X-Recalculate-Hash: sha1, md5, sha256 or adler32.')
  setChecksumHeader(response, await files.recalculate(actor, path, algorithm))
  replyEmpty(response, 204)
}
