import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { Failure } from '../../lib/failure.ts'
import { formatPath, parsePath } from '../parse/names.ts'
import { entryReply, type Person } from '../schema.ts'
import type { ShownItem } from '../service/history/index.ts'
import type { FileService } from '../service/index.ts'
import { asReply } from './listing.ts'
import { sendFile } from './send-file.ts'

const path = z.string().max(8192)
const id = z.string().min(1).max(8192).describe('As the list tells it.')
const chosen = z.strictObject({ id, path: path.default('').describe('Something in a deleted folder.') })
const items = z.array(chosen).min(1).max(10_000)

const itemReply = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['file', 'folder']),
  size: z.number().nullable().describe('Of a folder null until it has been counted.'),
  modifiedAt: z.iso.datetime(),
  fileId: z.number().nullable(),
  deletedAt: z.iso.datetime(),
  deletedBy: z.string().describe('Empty where it is not known.'),
  device: z.string().nullable(),
  face: z.string().nullable().describe('How: web, rest, webdav, smb.'),
  why: z.enum(['deleted', 'replaced']).describe('`replaced`: something else was moved or copied onto it.'),
  path: z.string().describe('Where it was.'),
  share: z.string().nullable().describe('Null: the home.'),
  canRestore: z.boolean(),
})

const paged = z.object({
  path: path.optional().describe('Only of the share, or the home, that this lies in.'),
  after: z.string().max(100).optional().describe('What `next` of the page before says.'),
  limit: z.coerce.number().int().min(1).max(10_000).default(500),
})

export function trashRoutes(files: FileService): Route[] {
  const shared = { access: 'member', tag: 'trash' } as const
  const { trash } = files
  return [
    route({
      ...shared,
      method: 'get',
      path: '/trash',
      summary: 'What was deleted or replaced, the newest first',
      query: paged,
      reply: z.object({ items: z.array(itemReply), next: z.string().nullable() }),
      async handle({ actor, query }) {
        const found: ShownItem[] = []
        const options = {
          limit: query.limit,
          ...(query.path === undefined ? {} : { folder: parsePath(query.path) }),
          ...(query.after === undefined ? {} : { after: query.after }),
        }
        for await (const item of trash.list(actor, options)) found.push(item)
        const next = found.length < query.limit ? null : (found.at(-1)?.item ?? null)
        return { items: found.map(itemAsReply), next }
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/trash/files',
      summary: 'What is in a deleted folder',
      query: z.object({ id, path: path.default('') }),
      reply: z.object({ path: z.string(), item: itemReply, entries: z.array(entryReply) }),
      async handle({ actor, query }) {
        const inside = parsePath(query.path)
        const item = await trash.find(actor, query.id)
        const entries = await trash.listInside(actor, item.id, inside)
        entries.sort((one, other) => (one.name < other.name ? -1 : 1))
        return { path: formatPath(inside), item: itemAsReply(item), entries: entries.map(asReply) }
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/trash/content',
      summary: 'The content of a deleted file, or of one in a deleted folder',
      query: z.object({ id, path: path.default('') }),
      streams: 'response',
      handle: async ({ actor, query, request, response }) =>
        sendFile({ request, response }, await trash.open(actor, query.id, parsePath(query.path))),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/trash/restore',
      summary: 'Brings things back; where a name is taken it is as chosen, never overwritten in silence',
      body: z.strictObject({
        items,
        to: path.optional().describe('A folder; absent: where each was. What is missing is made.'),
        whenTaken: z.enum(['fail', 'rename', 'replace']).default('fail'),
      }),
      reply: z.object({
        restored: z.array(z.object({ id, path: z.string(), entry: entryReply })),
        failed: z
          .array(z.object({ id, code: z.string(), message: z.string() }))
          .describe('Where nothing at all could be restored, the first failure is the answer instead.'),
      }),
      handle: ({ actor, body }) => restoreAll(files, actor, body),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/trash/delete',
      summary: 'Deletes things in the trash for good',
      body: z.strictObject({ items }),
      async handle({ actor, body }) {
        for (const one of body.items) await trash.remove(actor, one.id, parsePath(one.path))
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: '/trash/empty',
      summary: 'Empties the trash for good',
      body: z.strictObject({
        path: path.optional().describe('Only of the share, or the home, that this lies in; else of all.'),
      }),
      async handle({ actor, body }) {
        await trash.empty(actor, body.path === undefined ? undefined : parsePath(body.path))
        return undefined
      },
    }),
  ]
}

interface Restoring {
  items: z.output<typeof items>
  to?: string | undefined
  whenTaken: 'fail' | 'rename' | 'replace'
}

async function restoreAll({ trash }: FileService, actor: Person, { items, to, whenTaken }: Restoring) {
  const restored: { id: string; path: string; entry: ReturnType<typeof asReply> }[] = []
  const failures: { id: string; error: Failure }[] = []
  for (const { id, path } of items) {
    try {
      const inside = parsePath(path)
      const name = inside.at(-1) ?? (await trash.find(actor, id)).origin.at(-1) ?? ''
      const target = to === undefined ? {} : { to: [...parsePath(to), name] }
      const done = await trash.restore(actor, id, { inside, whenTaken, ...target })
      restored.push({ id, path: formatPath(done.path), entry: asReply(done.entry) })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failures.push({ id, error })
    }
  }
  const [first] = failures
  if (first && restored.length === 0) throw first.error
  const failed = failures.map(({ id, error: { code, message } }) => ({ id, code, message }))
  return { restored, failed }
}

function itemAsReply(item: ShownItem): z.input<typeof itemReply> {
  const { id, entry, origin, volume, about, deletedAtMs } = item
  return {
    id,
    name: origin.at(-1) ?? entry.name,
    kind: entry.kind,
    size: entry.kind === 'file' ? entry.size : (item.countedBytes ?? null),
    modifiedAt: new Date(entry.modifiedAtMs).toISOString(),
    fileId: entry.id ?? null,
    deletedAt: new Date(deletedAtMs).toISOString(),
    deletedBy: about.by,
    device: about.device ?? null,
    face: about.face ?? null,
    why: about.why,
    path: formatPath(origin),
    share: volume.kind === 'share' ? volume.name : null,
    canRestore: entry.right === 'write',
  }
}
