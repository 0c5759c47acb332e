import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import { parsePath } from '../parse/names.ts'
import { entryReply } from '../schema.ts'
import type { Version } from '../service/history/versions.ts'
import type { FileService } from '../service/index.ts'
import { asReply } from './listing.ts'
import { sendFile } from './send-file.ts'

const path = z.string().min(1).max(8192)
const id = z.string().min(1).max(100)
const one = z.strictObject({ path, id })

const versionReply = z.object({
  id: z.string(),
  kind: z.enum(['version', 'snapshot']),
  current: z.boolean().describe('The present content.'),
  modifiedAt: z.iso.datetime(),
  size: z.number(),
  author: z.string().nullable().describe('Who wrote it; null where that is not known.'),
  label: z.string().nullable(),
  takenAt: z.string().nullable().describe('Of a snapshot.'),
})

export function versionRoutes({ versions }: FileService): Route[] {
  const shared = { access: 'member', tag: 'versions' } as const
  return [
    route({
      ...shared,
      method: 'get',
      path: '/files/versions',
      summary: 'What a file was before: kept versions and snapshots in one list, the present content first',
      query: z.object({ path }),
      reply: z.array(versionReply),
      async handle({ actor, query }) {
        return (await versions.list(actor, parsePath(query.path))).map(versionAsReply)
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/files/versions/content',
      summary: 'The content of a version',
      query: z.object({ path, id }),
      streams: 'response',
      handle: async ({ actor, query, request, response }) =>
        sendFile({ request, response }, versions.open(actor, parsePath(query.path), query.id)),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/files/versions/restore',
      summary: 'Makes a version the present content; what is there now becomes a version',
      body: one,
      reply: entryReply,
      async handle({ actor, body }) {
        const { entry } = await versions.restore(actor, parsePath(body.path), body.id)
        return asReply(entry)
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: '/files/versions/delete',
      summary: 'Deletes a kept version for good',
      body: one,
      async handle({ actor, body }) {
        await versions.remove(actor, parsePath(body.path), body.id)
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: '/files/versions/label',
      summary: 'Names a version, which then is kept; an empty label takes the name away',
      body: one.extend({ label: z.string().trim().max(200) }),
      async handle({ actor, body }) {
        await versions.label(actor, parsePath(body.path), body.id, body.label)
        return undefined
      },
    }),
  ]
}

function versionAsReply(version: Version): z.input<typeof versionReply> {
  const { id, kind, isCurrent, modifiedAtMs, size, author, label, takenAt } = version
  return {
    id,
    kind,
    current: isCurrent,
    modifiedAt: new Date(modifiedAtMs).toISOString(),
    size,
    author: author ?? null,
    label: label ?? null,
    takenAt: takenAt ?? null,
  }
}
