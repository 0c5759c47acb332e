import type { Agent } from '../agent/client.ts'
import type { Actor } from '../http/route.ts'
import type { Clock } from '../lib/clock.ts'
import type { Database } from '../lib/database.ts'
import type { Domain } from '../lib/domain.ts'
import type { Events } from '../lib/events.ts'
import type { Log } from '../lib/log.ts'
import type { Storage } from '../storage/index.ts'
import type { System } from '../system/index.ts'
import type { Settable, Tuning } from '../tuning/index.ts'
import type { Users } from '../users/index.ts'
import { shareChecks } from './checks.ts'
import { homeRoutes } from './routes/homes.ts'
import { nfsRoutes } from './routes/nfs.ts'
import { shareRoutes } from './routes/shares.ts'
import { snapshotRoutes } from './routes/snapshots.ts'
import type { Volume } from './schema.ts'
import { type Authority, createCatalog } from './service/catalog.ts'
import { createHomes } from './service/homes.ts'
import { createNfsService, type NfsService } from './service/nfs.ts'
import { createPast, type PastVolume } from './service/past.ts'
import { createShareService, type ShareService } from './service/shares.ts'
import { createSmbSync } from './service/smb.ts'
import { createSnapshots, type Restored, type Snapshots } from './service/snapshots.ts'
import { createSubvolumes } from './service/subvolumes.ts'
import { createTakingOver } from './service/taking-over.ts'
import { createWritersOf, type WritersOf } from './service/writers.ts'
import { createStore } from './store/index.ts'
import { shareMigrations } from './store/migrations.ts'

export { planNfs } from './plan/nfs-clients.ts'
export {
  type Grants,
  type NewShare,
  nfsChange,
  type Right,
  shareName,
  type Volume,
  type Writer,
} from './schema.ts'
export type { Authority } from './service/catalog.ts'
export type { PastVolume } from './service/past.ts'
export type { Restored } from './service/snapshots.ts'

declare module '../lib/events.ts' {
  interface EventMap {
    /** Shares, grants or homes; null: several, or none that has a name here. */
    'shares/changed': { share: string | null }
  }
}

export interface Shares extends Authority, Omit<ShareService, 'finishInterrupted'> {
  /** All shares and homes there are, whoever may see them. */
  everyVolume(): Volume[]
  domain: Domain
  /** What is in snapshots, for whoever has a right on the share. */
  snapshots: Pick<Snapshots, 'list' | 'open'>
  /** Who may mount a share or a home by NFS. */
  setNfs: NfsService['set']
  /** Whose past an actor may know. */
  pastOf(actor: Pick<Actor, 'user' | 'role'>): PastVolume[]
  /** How many NFS requests are worked on at once by itself, or why that cannot be set. */
  nfsThreads(): Promise<Settable>
  /** Is told, in the process that did it, when something came back from a snapshot. */
  onRestored(listener: (restored: Restored) => void): void
  /** Who is behind these processes, as the change feed names them. */
  writersOf: WritersOf
}

export interface SharesDeps {
  database: Database
  agent: Agent
  events: Events
  log: Log
  clock: Clock
  config: { poolsDir: string; samba: { port: number }; nfs: { port: number } }
  storage: Pick<
    Storage,
    'mounted' | 'pools' | 'createSubvolume' | 'deleteSubvolume' | 'snapshots' | 'onImporting'
  >
  users: Users
  system: Pick<System, 'name'>
  tuning: Pick<Tuning, 'taken' | 'onTaken'>
}

/** What is shared to whom, and the homes. The one place of authorisation; also renders it into Samba. */
export function createShares(deps: SharesDeps): Shares {
  const { database, agent, events, log, clock, config, storage, users, system, tuning } = deps
  const store = createStore(database)
  const catalog = createCatalog({ store, storage, users, poolsDir: config.poolsDir })
  const smb = createSmbSync({ agent, store, catalog, users, system, tuning, log })
  const nfs = createNfsService({
    agent,
    store,
    catalog,
    tuning,
    log,
    changed: share => events.publish('shares/changed', { share }),
  })
  const subvolumes = createSubvolumes({ storage, catalog })

  async function changed(share: string | null) {
    events.publish('shares/changed', { share })
    await catalog.refresh()
  }
  async function writablePools() {
    const pools = await storage.pools()
    return pools.filter(({ state }) => state === 'healthy' || state === 'degraded').map(({ name }) => name)
  }
  const homes = createHomes({ store, catalog, subvolumes, smb, nfs, users, writablePools, changed, log })
  const service = createShareService({ store, catalog, subvolumes, smb, nfs, changed, clock, log })

  const restoredListeners: ((restored: Restored) => void)[] = []
  const snapshots = createSnapshots({
    catalog,
    snapshots: storage.snapshots,
    events,
    onRestored(restored) {
      for (const listener of restoredListeners) listener(restored)
    },
  })

  async function catchUp() {
    await catalog.refresh()
    await service.finishInterrupted()
    await homes.createMissing()
    await smb.apply()
    await nfs.apply()
  }
  async function showSnapshots(kind: 'shares' | 'homes', name: string) {
    if (await nfs.hasSnapshots(kind, name)) await nfs.apply()
  }
  const inBackground = (work: Promise<void>) => {
    work.catch(error => log.error('shares could not be brought up to date', { error }))
  }

  users.follow({
    async creating({ pool }) {
      if (pool !== undefined) subvolumes.requirePool(pool)
    },
    created: (user, { pool }) => homes.create(user, pool).catch(error => noHomeYet(user, error)),
    removed: (user, { isHomeDeleted }) => homes.leave(user, isHomeDeleted),
    async changed() {
      await catalog.refresh()
      await smb.apply()
      await nfs.apply()
    },
  })
  /** The account is there; its home is tried again with the next change of a pool. */
  function noHomeYet(user: string, error: unknown) {
    log.warn('a home could not be created', { user, error })
  }

  storage.onImporting(createTakingOver({ store, clock, changed }))
  events.on('shares/changed', () => inBackground(catalog.refresh()))
  events.on('users/changed', () => inBackground(catalog.refresh()))
  events.on('storage/changed', () => inBackground(catchUp()))
  // smbd holds the old subvolume open, and would go on showing it.
  events.on('storage/subvolume-replaced', ({ name }) => {
    inBackground(smb.close(name))
    inBackground(nfs.renew(name))
  })
  events.on('storage/snapshots-changed', ({ kind, name }) => inBackground(showSnapshots(kind, name)))
  tuning.onTaken(smb.applyOrFail)
  tuning.onTaken(nfs.applyOrFail)
  events.on('system/renamed', () => inBackground(smb.apply()))
  events.on('agent/connected', ({ isFirst }) => {
    if (!isFirst) inBackground(catchUp())
  })

  function requireVolume(kind: 'shares' | 'homes', name: string) {
    if (kind === 'shares') service.get(name)
    else homes.require(name)
  }

  const domain: Domain = {
    name: 'shares',
    migrations: shareMigrations,
    routes: [
      ...shareRoutes({ service, catalog, port: config.samba.port, hostName: system.name }),
      ...homeRoutes(homes),
      ...nfsRoutes({ nfs, require: requireVolume, port: config.nfs.port, hostName: system.name }),
      ...snapshotRoutes({ snapshots, log }),
    ],
    checks: shareChecks({
      status: smb.status,
      nfsStatus: nfs.status,
      homesMissing: async () => ((await writablePools()).length > 0 ? homes.missing() : []),
    }),
    start: catchUp,
  }
  const { finishInterrupted: _, ...face } = service
  return {
    ...face,
    volumes: catalog.volumes,
    volume: catalog.volume,
    home: catalog.home,
    everyVolume: catalog.everyVolume,
    snapshots,
    setNfs: nfs.set,
    nfsThreads: nfs.threads,
    pastOf: createPast({ catalog, users }),
    onRestored: listener => void restoredListeners.push(listener),
    writersOf: createWritersOf({ agent, clock, log }),
    domain,
  }
}
