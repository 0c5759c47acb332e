import { pipeline } from 'node:stream/promises'
import { dispositionName } from '../../http/content.ts'
import { Failure } from '../../lib/failure.ts'
import type { DavCall } from '../service/call.ts'
import { checkIf } from '../service/preconditions.ts'
import { ocId, setEtagHeaders } from '../service/reply.ts'
import { sendOpen } from '../service/send-open.ts'

/** GET and HEAD. */
export async function get(call: DavCall): Promise<void> {
  const { response, files, actor } = call
  await checkIf(call)
  const entry = await files.stat(actor, call.path)
  if (entry.kind === 'folder') return getFolder(call)
  const file = await files.open(actor, call.path)
  const { id } = file.entry
  setEtagHeaders(response, file.entry)
  if (id !== undefined) response.setHeader('OC-FileId', ocId(id, call.instanceId))
  await sendOpen(call, file)
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
