import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Response } from 'express'
import { z } from 'zod'
import { type Route, route } from '../../http/route.ts'
import type { Log } from '../../lib/log.ts'
import { snapshot, snapshotId } from '../../storage/index.ts'
import type { SnapshotEntry } from '../service/snapshot-files.ts'
import type { Snapshots } from '../service/snapshots.ts'
import { named } from './shares.ts'

const one = named.extend({ id: snapshotId })
const at = z.strictObject({ path: z.string().max(8192).default('/') })
const page = at.extend({
  after: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
})
const label = z.string().trim().max(200)

const listing = z.object({
  path: z.string(),
  right: z.literal('read'),
  entries: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['file', 'folder']),
      size: z.number().nullable(),
      modifiedAt: z.iso.datetime(),
      id: z.null(),
      etag: z.null(),
      isShare: z.literal(false),
      isAvailable: z.literal(true),
    }),
  ),
  next: z.string().nullable(),
})

export function snapshotRoutes({ snapshots, log }: { snapshots: Snapshots; log: Log }): Route[] {
  const shared = { access: 'member', tag: 'snapshots' } as const
  return [
    route({
      ...shared,
      method: 'get',
      path: '/shares/{name}/snapshots',
      summary: 'The snapshots of a share, or of one’s own home under the account’s name',
      params: named,
      reply: z.array(snapshot),
      handle: ({ actor, params }) => snapshots.list(actor, params.name),
    }),
    route({
      ...shared,
      method: 'post',
      path: '/shares/{name}/snapshots',
      summary: 'Keep the present state as a snapshot',
      params: named,
      body: z.strictObject({ label: label.optional() }),
      reply: snapshot,
      status: 201,
      handle: ({ actor, params, body }) => snapshots.create(actor, params.name, body.label),
    }),
    route({
      ...shared,
      method: 'delete',
      path: '/shares/{name}/snapshots/{id}',
      summary: 'Delete a snapshot',
      params: one,
      async handle({ actor, params }) {
        await snapshots.remove(actor, params.name, params.id)
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: '/shares/{name}/snapshots/{id}/restore',
      summary: 'Go back to a snapshot, or bring one file back; the state before is kept as a snapshot',
      params: one,
      body: z.strictObject({ path: z.string().max(8192).optional() }),
      async handle({ actor, params, body }) {
        await snapshots.restore(actor, params.name, params.id, body.path)
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/shares/{name}/snapshots/{id}/files',
      summary: 'What is in a folder of a snapshot',
      params: one,
      query: page,
      reply: listing,
      async handle({ actor, params, query }) {
        const all = await snapshots.files(actor, params.name, params.id, query.path)
        return { path: query.path, right: 'read' as const, ...pageOf(all, query) }
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: '/shares/{name}/snapshots/{id}/content',
      summary: 'Download a file of a snapshot',
      params: one,
      query: at,
      streams: 'response',
      async handle({ actor, params, query, response }) {
        const { fd, stats } = snapshots.open(actor, params.name, params.id, query.path)
        setDownloadHeaders(response, query.path.split('/').at(-1) ?? '', stats.size)
        await send(fd, response, log)
        return undefined
      },
    }),
  ]
}

function pageOf(all: SnapshotEntry[], { after, limit }: { after?: string | undefined; limit: number }) {
  const rest = after === undefined ? all : all.filter(({ name }) => name > after)
  const entries = rest.slice(0, limit).map(({ name, kind, size, modifiedAtMs }) => ({
    name,
    kind,
    size,
    modifiedAt: new Date(modifiedAtMs).toISOString(),
    id: null,
    etag: null,
    isShare: false as const,
    isAvailable: true as const,
  }))
  return { entries, next: rest.length > limit ? (entries.at(-1)?.name ?? null) : null }
}

/** What people have stored never runs in our origin: it is only ever saved. */
function setDownloadHeaders(response: Response, name: string, size: number) {
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': size,
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeRfc8187(name)}`,
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'private, no-store',
  })
}

function encodeRfc8187(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

async function send(fd: number, response: Response, log: Log) {
  try {
    await pipeline(createReadStream('', { fd, start: 0, highWaterMark: 512 * 1024 }), response)
  } catch (error) {
    // Who downloads may go away at any time; a disk that fails shows as a short download.
    log.debug('a download from a snapshot ended early', { error })
  }
}
