import type { Request } from 'express'
import { type Route, route } from '../../http/route.ts'
import { nfsMountsOf } from '../render/nfs-mounts.ts'
import { type NfsSettings, type NfsStatus, nfsChange, nfsSettings, nfsStatus } from '../schema.ts'
import type { Kind } from '../service/catalog.ts'
import type { NfsService } from '../service/nfs.ts'
import type { NfsRecord } from '../store/nfs.ts'
import { named, webAddressOf } from './shares.ts'

export interface NfsRouteDeps {
  nfs: NfsService
  /** Throws unless there is a share, or a home, of that name. */
  require(kind: Kind, name: string): void
  port: number
  hostName(): string
}

export function nfsRoutes({ nfs, require, port, hostName }: NfsRouteDeps): Route[] {
  const shared = { access: 'admin', tag: 'shares' } as const
  const none = { isEnabled: false, clients: [], access: 'read', hasSnapshots: false } as const

  async function shown(
    kind: Kind,
    name: string,
    record: NfsRecord | undefined,
    request: Request,
  ): Promise<NfsSettings> {
    const { isEnabled, clients, access, hasSnapshots } = record ?? none
    const { host } = webAddressOf(request, hostName())
    const status = await nfs.status()
    return {
      enabled: isEnabled,
      clients: [...clients],
      access,
      snapshots: hasSnapshots,
      path: `/${name}`,
      mounts: nfsMountsOf({ host, name, port }),
      unknownNames: clients.filter(client => status.unknownNames.includes(client)),
      problem: isEnabled ? problemOf(status, kind, name) : null,
    }
  }

  const ofKind = (kind: Kind, path: string, what: string): Route[] => [
    route({
      ...shared,
      method: 'get',
      path,
      summary: `Who may mount ${what} by NFS`,
      params: named,
      reply: nfsSettings,
      async handle({ params: { name }, request }) {
        require(kind, name)
        return shown(kind, name, await nfs.get(kind, name), request)
      },
    }),
    route({
      ...shared,
      method: 'put',
      path,
      summary: `Let machines mount ${what} by NFS: each that is named is trusted with all of it`,
      params: named,
      body: nfsChange,
      reply: nfsSettings,
      async handle({ params: { name }, body, request }) {
        require(kind, name)
        return shown(kind, name, await nfs.set(kind, name, body), request)
      },
    }),
    route({
      ...shared,
      method: 'delete',
      path,
      summary: `No longer export ${what} by NFS`,
      params: named,
      async handle({ params: { name } }) {
        require(kind, name)
        await nfs.remove(kind, name)
        return undefined
      },
    }),
  ]

  return [
    ...ofKind('shares', '/shares/{name}/nfs', 'a share'),
    ...ofKind('homes', '/homes/{name}/nfs', 'a home'),
    route({
      ...shared,
      method: 'get',
      path: '/nfs',
      summary: 'The NFS server, and who is connected to it',
      reply: nfsStatus,
      handle: () => nfs.status(),
    }),
  ]
}

function problemOf({ problem, isRunning, failed }: NfsStatus, kind: Kind, name: string): string | null {
  if (problem) return problem.message
  const own = failed.find(each => each.kind === kind && each.name === name)
  if (own) return own.message
  return isRunning ? null : 'The NFS server is being started again.'
}
