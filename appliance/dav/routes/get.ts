import { pipeline } from 'node:stream/promises'
import { dispositionName, sendContent } from '../../http/content.ts'
import { Failure } from '../../lib/failure.ts'
import type { DavCall } from '../service/call.ts'
import { setChecksumHeader } from '../service/checksum.ts'
import { checkIf } from '../service/preconditions.ts'
import { ocId, setEtagHeaders } from '../service/reply.ts'

/** GET and HEAD. */
export async function get(call: DavCall): Promise<void> {
  const { response, files, actor } = call
  await checkIf(call)
  const entry = await files.stat(actor, call.path)
  if (entry.kind === 'folder') return getFolder(call)
  const file = await files.open(actor, call.path)
  try {
    const { name, size, etag, modifiedAtMs, id } = file.entry
    setEtagHeaders(response, file.entry)
    setChecksumHeader(response, file.checksums())
    if (id !== undefined) response.setHeader('OC-FileId', ocId(id, call.instanceId))
    const { read, readNow } = file
    await sendContent(call.request, response, {
      name,
      size,
      etag,
      modifiedAtMs,
      isAttachment: true,
      read,
      readNow,
    })
  } finally {
    file.close()
  }
}

/** As a zip for who accepts one; else an empty page, since listings are PROPFIND's. */
async function getFolder({ request, response, files, actor, path }: DavCall): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff')
  if (request.method === 'GET' && /\bapplication\/zip\b/.test(request.headers.accept ?? '')) {
    const archive = await files.writeArchive(actor, [path])
    response.setHeader('Content-Type', 'application/zip')
    response.setHeader(
      'Content-Disposition',
      `attachment; ${dispositionName(`${path.at(-1) ?? actor.user}.zip`)}`,
    )
    await pipeline(archive, response).catch(ignoreCut)
    return
  }
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.setHeader('Content-Length', 0)
  response.end()
}

/** The reader went away, or a file vanished under the archive: the connection is cut, so nobody takes it for whole. */
function ignoreCut(error: NodeJS.ErrnoException) {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE' && !(error instanceof Failure)) throw error
}
