import { pipeline } from 'node:stream/promises'
import type { Request } from 'express'
import { z } from 'zod'
import { dispositionName, sendContent } from '../../http/content.ts'
import { type Route, route } from '../../http/route.ts'
import { Failure } from '../../lib/failure.ts'
import { parsePath } from '../parse/names.ts'
import { type Entry, entryReply } from '../schema.ts'
import type { FileService } from '../service/index.ts'
import { asReply } from './listing.ts'

const path = z.string().max(8192)
const flag = z.enum(['true', 'false', '1', '0']).transform(text => text === 'true' || text === '1')
const names = z
  .union([z.string(), z.array(z.string())])
  .default([])
  .transform(value => [value].flat())

/** Not an error: the page asks what to do about a name that is taken. */
function refuseExisting(current: Entry | undefined) {
  if (current)
    throw new Failure('precondition', 'files/target-exists', 'There is a file of that name already.')
}

export function contentRoutes(files: FileService): Route[] {
  return [
    route({
      method: 'get',
      path: '/files/content',
      access: 'member',
      summary: 'The content of a file; Range and preconditions are honoured',
      tag: 'files',
      query: z.object({ path, download: flag.default(false) }),
      streams: 'response',
      async handle({ actor, query, request, response }) {
        const file = await files.open(actor, parsePath(query.path))
        try {
          const { name, size, etag, modifiedAtMs } = file.entry
          const { read, readNow } = file
          await sendContent(request, response, {
            name,
            size,
            etag,
            modifiedAtMs,
            isAttachment: query.download,
            read,
            readNow,
          })
        } finally {
          file.close()
        }
        return undefined
      },
    }),
    route({
      method: 'put',
      path: '/files/content',
      access: 'member',
      summary: 'Uploads a file: the raw bytes are the body',
      tag: 'files',
      query: z.object({ path, overwrite: flag.default(true) }),
      reply: entryReply,
      streams: 'request',
      async handle({ actor, query, request, response }) {
        const options = {
          ...uploadOptions(request),
          ...(query.overwrite ? {} : { precondition: refuseExisting }),
        }
        const body = request.iterator({ destroyOnReturn: false })
        const { entry, isNew } = await files.write(actor, parsePath(query.path), body, options)
        response.statusCode = isNew ? 201 : 200
        return asReply(entry)
      },
    }),
    route({
      method: 'get',
      path: '/files/archive',
      access: 'member',
      summary: 'Files and folders as a zip, made while it is sent',
      tag: 'files',
      query: z.object({ path, name: names }),
      streams: 'response',
      async handle({ actor, query, response }) {
        const folder = parsePath(query.path)
        const tops =
          query.name.length === 0 ? [folder] : query.name.map(name => [...folder, ...parsePath(name)])
        const archive = await files.writeArchive(actor, tops)
        const called = (query.name.length === 1 ? query.name[0] : folder.at(-1)) ?? 'files'
        response.setHeader('Content-Type', 'application/zip')
        response.setHeader('Content-Disposition', `attachment; ${dispositionName(`${called}.zip`)}`)
        response.setHeader('X-Content-Type-Options', 'nosniff')
        await pipeline(archive, response).catch(ignoreCut)
        return undefined
      },
    }),
  ]
}

function uploadOptions(request: Request) {
  const length = request.headers['content-length']
  const modified = Number(request.headers['x-oc-mtime'])
  return {
    ...(length === undefined ? {} : { expectedSize: Number(length) }),
    ...(modified > 0 ? { modifiedAtMs: modified * 1000 } : {}),
  }
}

/** The reader went away, or a file vanished under the archive: the connection is cut, so nobody takes it for whole. */
function ignoreCut(error: NodeJS.ErrnoException) {
  if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE' && !(error instanceof Failure)) throw error
}
