import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { parsePath } from '../parse/names.ts'
import { entryReply } from '../schema.ts'
import type { FileService } from '../service/index.ts'
import type { PlaceNews } from '../service/place-news.ts'
import { asReply } from './listing.ts'

const path = z.string().min(1).max(8192)
const placing = z.object({ from: path, to: path, overwrite: z.boolean().default(false) })

export function changeRoutes(files: FileService, tellProgress: PlaceNews): Route[] {
  return [
    route({
      method: 'post',
      path: '/files/folders',
      access: 'member',
      summary: 'Makes a folder',
      tag: 'files',
      body: z.object({ path }),
      reply: entryReply,
      status: 201,
      handle: async ({ actor, body }) => asReply(await files.makeFolder(actor, parsePath(body.path))),
    }),
    route({
      method: 'post',
      path: '/files/move',
      access: 'member',
      summary: 'Moves or renames a file or folder',
      tag: 'files',
      body: placing,
      reply: entryReply,
      async handle({ actor, body: { from, to, overwrite } }) {
        const [source, target] = [parsePath(from), parsePath(to)]
        const about = { person: actor, what: 'move', name: target.at(-1) ?? '' } as const
        const { entry } = await tellProgress(about, onProgress =>
          files.move(actor, source, target, { overwrite, onProgress }),
        )
        return asReply(entry)
      },
    }),
    route({
      method: 'post',
      path: '/files/copy',
      access: 'member',
      summary: 'Copies a file or folder',
      tag: 'files',
      body: placing,
      reply: entryReply,
      async handle({ actor, body: { from, to, overwrite } }) {
        const [source, target] = [parsePath(from), parsePath(to)]
        const about = { person: actor, what: 'copy', name: target.at(-1) ?? '' } as const
        const { entry } = await tellProgress(about, onProgress =>
          files.copy(actor, source, target, { overwrite, onProgress }),
        )
        return asReply(entry)
      },
    }),
    route({
      method: 'post',
      path: '/files/delete',
      access: 'member',
      summary: 'Moves files and folders to the trash, or deletes them for good',
      tag: 'files',
      body: z.object({ paths: z.array(path).min(1).max(10_000), forGood: z.boolean().default(false) }),
      async handle({ actor, body }) {
        for (const one of body.paths) await files.remove(actor, parsePath(one), { isForGood: body.forGood })
        return undefined
      },
    }),
  ]
}
