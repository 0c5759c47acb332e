import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { formatPath, parsePath } from '../parse/names.ts'
import { journalReply, journalWhat } from '../schema.ts'
import type { Journal, ShownRow } from '../service/journal/index.ts'

const text = z.string().max(200)
const time = z.iso.datetime({ offset: true }).transform(at => Date.parse(at))

const query = z.object({
  actor: text.optional(),
  device: text.optional().describe('As `device` or `deviceName` of an entry.'),
  face: z.enum(['web', 'rest', 'webdav', 'smb', 'nfs', 'box']).optional(),
  what: journalWhat.optional(),
  id: z.coerce.number().int().min(1).optional().describe('Of one file or folder, wherever it has been.'),
  folder: z.string().max(8192).optional().describe('A path among your own files, with all below it.'),
  from: time.optional().describe('Nothing earlier.'),
  to: time.optional().describe('Nothing later.'),
  cursor: z.string().max(200).optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

export function journalRoutes(journal: Pick<Journal, 'list'>): Route[] {
  return [
    route({
      method: 'get',
      path: '/journal',
      access: 'member',
      summary: 'Who changed what, newest first, of all that you may see',
      tag: 'files',
      query,
      reply: journalReply,
      async handle({ actor, query: { folder, from, to, ...rest } }) {
        const { entries, next } = await journal.list(actor, {
          ...rest,
          folder: folder === undefined ? undefined : parsePath(folder),
          fromMs: from,
          toMs: to,
        })
        return { entries: entries.map(asReply), next: next ?? null }
      },
    }),
  ]
}

function asReply({ row, what, treePath }: ShownRow): z.input<typeof journalReply>['entries'][number] {
  const { at, origin, kind, fileId, place, from, size, etag } = row
  return {
    ...origin,
    at: new Date(at).toISOString(),
    what,
    kind,
    id: fileId,
    volume: place?.volume ?? null,
    path: place?.path ?? null,
    treePath: treePath ? formatPath(treePath) : null,
    fromVolume: from?.volume ?? null,
    fromPath: from?.path ?? null,
    size,
    etag,
  }
}
