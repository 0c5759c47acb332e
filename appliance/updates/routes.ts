import { z } from 'zod'
import { route } from '../http/route.ts'
import { earlierVersion, sourceState, updateSource, updateState } from './schema.ts'
import type { UpdateService } from './service/index.ts'

const received = z.object({ receivedBytes: z.number().int() })
const job = z.object({ job: z.string() })
const admin = { access: 'admin', tag: 'updates' } as const

export function updateRoutes(updates: UpdateService) {
  return [
    route({
      ...admin,
      method: 'get',
      path: '/updates',
      summary: 'What runs, what is installed beside it, and what has been received',
      reply: updateState,
      handle: () => updates.state(),
    }),
    route({
      ...admin,
      method: 'get',
      path: '/updates/source',
      summary: 'Where updates come from, what was found there, and when',
      reply: sourceState,
      handle: () => updates.source(),
    }),
    route({
      ...admin,
      method: 'put',
      path: '/updates/source',
      summary:
        'Decides where updates come from, whether the box looks once a day, and whether it installs by itself',
      body: updateSource,
      reply: sourceState,
      handle: ({ body }) => updates.decideSource(body),
    }),
    route({
      ...admin,
      method: 'post',
      path: '/updates/look',
      summary: 'Looks now. That nothing could be found out is no error, and stands in the answer',
      reply: sourceState,
      handle: () => updates.look(),
    }),
    route({
      ...admin,
      method: 'post',
      path: '/updates/take',
      summary: 'Downloads what was found, and installs it into the other place',
      body: z.strictObject({ version: z.string().max(100).describe('The one that was found.') }),
      reply: job,
      status: 202,
      async handle({ body }) {
        const { id } = await updates.take(body.version)
        return { job: id }
      },
    }),
    route({
      ...admin,
      method: 'put',
      path: '/updates/bundle',
      summary: 'Receives an update (.raucb), or the rest of one from `offset` on: the raw bytes are the body',
      query: z.object({ offset: z.coerce.number().int().min(0).default(0) }),
      reply: received,
      streams: 'request',
      handle({ query, request }) {
        const length = Number(request.headers['content-length'] ?? Number.NaN)
        return updates.receive(request, {
          offset: query.offset,
          length: Number.isNaN(length) ? undefined : length,
        })
      },
    }),
    route({
      ...admin,
      method: 'delete',
      path: '/updates/bundle',
      summary: 'Drops what has been received',
      async handle() {
        await updates.remove()
        return undefined
      },
    }),
    route({
      ...admin,
      method: 'post',
      path: '/updates/download',
      summary: 'Downloads an update; goes on where an earlier attempt was cut',
      body: z.strictObject({
        url: z.url({ protocol: /^https?$/, error: 'an address of http or https' }).max(2000),
      }),
      reply: job,
      status: 202,
      async handle({ body }) {
        const { id } = await updates.download(body.url)
        return { job: id }
      },
    }),
    route({
      ...admin,
      method: 'post',
      path: '/updates/install',
      summary: 'Installs what has been received into the other place, while this one goes on',
      body: z.strictObject({ allowOlder: z.boolean().default(false) }),
      reply: job,
      status: 202,
      async handle({ body }) {
        const { id } = await updates.install(body.allowOlder)
        return { job: id }
      },
    }),
    route({
      ...admin,
      method: 'get',
      path: '/updates/earlier',
      summary:
        'The version before this one, if the box can go back to it: what that loses, and what stays revoked',
      reply: earlierVersion.nullable(),
      handle: () => updates.earlier(),
    }),
    route({
      ...admin,
      method: 'post',
      path: '/updates/go-back',
      summary: 'Starts the box again with the version before this one, and the settings of that time',
      body: z.strictObject({ version: z.string().max(100) }),
      async handle({ body }) {
        await updates.goBack(body.version)
        return undefined
      },
    }),
    route({
      ...admin,
      method: 'post',
      path: '/updates/restart',
      summary: 'Starts the box again: now, at three in the night, or (`never`) not after all',
      body: z.strictObject({ when: z.enum(['now', 'night', 'never']) }),
      async handle({ body }) {
        await updates.restart(body.when)
        return undefined
      },
    }),
  ]
}
