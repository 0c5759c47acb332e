import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { formatPath, parsePath } from '../parse/names.ts'
import { type Entry, type entryReply, listingReply } from '../schema.ts'
import type { FileService } from '../service/index.ts'

const query = z.object({
  path: z.string().max(8192).default('/'),
  after: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
})

export function listingRoutes(files: FileService): Route[] {
  return [
    route({
      method: 'get',
      path: '/files',
      access: 'member',
      summary: 'One page of a folder, by name',
      tag: 'files',
      query,
      reply: listingReply,
      async handle({ actor, query }) {
        const path = parsePath(query.path)
        const { right } = await files.stat(actor, path)
        const options = {
          isSorted: true,
          pageSize: query.limit,
          ...(query.after ? { after: query.after } : {}),
        }
        const pages = files.list(actor, path, options)[Symbol.asyncIterator]()
        const page = await pages.next()
        await pages.return?.()
        const entries: Entry[] = page.done ? [] : page.value
        const next = entries.length < query.limit ? null : (entries.at(-1)?.name ?? null)
        return { path: formatPath(path), right, entries: entries.map(asReply), next }
      },
    }),
  ]
}

export function asReply(entry: Entry): z.input<typeof entryReply> {
  return {
    name: entry.name,
    kind: entry.kind,
    size: entry.isAvailable ? entry.size : null,
    modifiedAt: new Date(entry.modifiedAtMs).toISOString(),
    id: entry.id ?? null,
    etag: entry.etag ?? null,
    isShare: entry.isVolumeRoot && entry.volume === 'share',
    isAvailable: entry.isAvailable,
  }
}
