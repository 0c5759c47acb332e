import type { Request } from 'express'
import { z } from 'zod'
import { type Actor, type Route, route } from '../../http/route.ts'
import { addressesOf } from '../render/addresses.ts'
import { confirmation, grants, newShare, type Share, share, shareChange } from '../schema.ts'
import type { Catalog } from '../service/catalog.ts'
import { noShare, type ShareService } from '../service/shares.ts'
import type { ShareRecord } from '../store/shares.ts'

export const named = z.object({ name: z.string().max(64) })

export interface ShareRouteDeps {
  service: ShareService
  catalog: Catalog
  port: number
  hostName(): string
}

export function shareRoutes({ service, catalog, port, hostName }: ShareRouteDeps): Route[] {
  const shared = { access: 'admin', tag: 'shares' } as const
  const shown = (record: ShareRecord, actor: Actor, request: Request): Share => ({
    name: record.name,
    pool: record.pool,
    createdAt: new Date(record.createdAt).toISOString(),
    right: catalog.right(actor, record),
    ...catalog.stateOf(record.pool),
    ...(actor.role === 'admin'
      ? { everyone: record.everyone, users: record.users, groups: record.groups }
      : {}),
    addresses: addressesOf({ share: record.name, smbPort: port, ...webAddressOf(request, hostName()) }),
  })
  const isVisible = (actor: Actor, record: ShareRecord) =>
    actor.role === 'admin' || catalog.right(actor, record) !== 'none'

  return [
    route({
      ...shared,
      access: 'member',
      method: 'get',
      path: '/shares',
      summary: 'The shares: all of them for administrators, else those with a right',
      reply: z.array(share),
      async handle({ actor, request }) {
        const visible = (await service.list()).filter(record => isVisible(actor, record))
        return visible.map(record => shown(record, actor, request))
      },
    }),
    route({
      ...shared,
      method: 'post',
      path: '/shares',
      summary: 'Create a share',
      body: newShare,
      reply: share,
      status: 201,
      handle: async ({ actor, body, request }) => shown(await service.create(body), actor, request),
    }),
    route({
      ...shared,
      access: 'member',
      method: 'get',
      path: '/shares/{name}',
      summary: 'One share',
      params: named,
      reply: share,
      handle({ actor, params, request }) {
        const record = service.get(params.name)
        if (!isVisible(actor, record)) throw noShare(params.name)
        return shown(record, actor, request)
      },
    }),
    route({
      ...shared,
      method: 'patch',
      path: '/shares/{name}',
      summary: 'Say what every account may do',
      params: named,
      body: shareChange,
      reply: share,
      async handle({ actor, params, body, request }) {
        const { everyone } = body
        const record = everyone ? await service.setEveryone(params.name, everyone) : service.get(params.name)
        return shown(record, actor, request)
      },
    }),
    route({
      ...shared,
      method: 'delete',
      path: '/shares/{name}',
      summary: 'Delete a share with everything in it',
      params: named,
      body: confirmation,
      async handle({ params, body }) {
        await service.remove(params.name, body.confirm)
        return undefined
      },
    }),
    route({
      ...shared,
      method: 'put',
      path: '/shares/{name}/grants',
      summary: 'Say who may do what; replaces all grants of the share',
      params: named,
      body: grants,
      reply: share,
      handle: async ({ actor, params, body, request }) =>
        shown(await service.setGrants(params.name, body), actor, request),
    }),
  ]
}

const hostLine = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d+)?$/i

/** The box under the name by which this client reached it. */
export function webAddressOf(request: Request, hostName: string) {
  const said = request.headers.host ?? ''
  const [, host = `${hostName}.local`] = hostLine.exec(said) ?? []
  const scheme = 'encrypted' in request.socket ? 'https' : 'http'
  return { host, webOrigin: `${scheme}://${hostLine.test(said) ? said : host}` }
}
