import { networkInterfaces } from 'node:os'
import { z } from 'zod'
import packageFile from '../../package.json' with { type: 'json' }
import type { Agent } from '../agent/client.ts'
import { route } from '../http/route.ts'
import type { Database } from '../lib/database.ts'
import type { Domain } from '../lib/domain.ts'
import type { Events } from '../lib/events.ts'
import type { Log } from '../lib/log.ts'
import { randomToken } from '../lib/secret.ts'
import { hostName, type SystemInfo, systemInfo } from './schema.ts'
import { createSettings, type Settings, systemMigrations } from './store.ts'

export { hostName } from './schema.ts'
export type { Settings } from './store.ts'

declare module '../lib/events.ts' {
  interface EventMap {
    'system/renamed': { name: string }
  }
}

export interface System {
  domain: Domain
  settings: Settings
  info(): Promise<SystemInfo>
  /** The name the box has on the network, from memory. */
  name(): string
  rename(name: string): Promise<void>
  /** `oc` and ten letters or digits, once for each box: what makes file ids unique among boxes. */
  instanceId(): Promise<string>
  version: string
}

const defaultName = 'cairn'
const { version } = packageFile

export function createSystem(deps: {
  database: Database
  agent: Agent
  events: Events
  log: Log
  httpPort: number
  smbPort: number
}): System {
  const { database, agent, events, log, httpPort, smbPort } = deps
  const settings = createSettings(database)
  let name = defaultName
  const info = async (): Promise<SystemInfo> => ({
    name,
    version,
    addresses: ownAddresses(),
    httpPort,
    smbPort,
  })

  const domain: Domain = {
    name: 'system',
    migrations: systemMigrations,
    routes: [
      route({
        method: 'get',
        path: '/system',
        access: 'member',
        summary: 'Name, version and addresses of this box',
        tag: 'system',
        reply: systemInfo,
        handle: info,
      }),
      route({
        method: 'patch',
        path: '/system',
        access: 'admin',
        summary: 'Rename this box',
        tag: 'system',
        body: z.strictObject({ name: hostName }),
        reply: systemInfo,
        async handle({ body }) {
          await rename(body.name)
          return info()
        },
      }),
      route({
        method: 'get',
        path: '/system/log',
        access: 'admin',
        summary: 'The log of a box that was flashed as an image, as text',
        tag: 'system',
        streams: 'response',
        async handle({ response }) {
          const { text } = await agent.call('system/log', {})
          response
            .status(200)
            .set({
              'Content-Type': 'text/plain; charset=utf-8',
              'Content-Disposition': `attachment; filename="${name}-log.txt"`,
              'Cache-Control': 'no-store',
            })
            .send(text)
          return undefined
        },
      }),
    ],
    async start() {
      name = hostName.catch(defaultName).parse(await settings.get('system/name'))
      events.on('system/renamed', renamed => {
        name = renamed.name
        void tellNetwork()
      })
      await tellNetwork()
    },
  }

  /** The name that the settings say is right whether or not the network learns of it now. */
  async function tellNetwork() {
    try {
      await agent.call('system/apply-name', { name })
    } catch (error) {
      log.warn('the network was not told the name of this box', { error })
    }
  }

  async function rename(wanted: string) {
    await settings.set('system/name', wanted)
    events.publish('system/renamed', { name: wanted })
  }

  const instanceId = async () =>
    z.string().parse(await settings.getOrMake('system/instance-id', () => `oc${randomToken(50)}`))

  return { domain, settings, info, name: () => name, rename, instanceId, version }
}

/** IPv4 first, then global IPv6; never loopback or link-local. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  const reachable = all.filter(address => !address.internal && !address.address.startsWith('fe80:'))
  return reachable.sort((a, b) => a.family.localeCompare(b.family)).map(address => address.address)
}
