import type { Agent } from '../agent/client.ts'
import type { Jobs } from '../jobs/index.ts'
import type { Database } from '../lib/database.ts'
import type { Domain } from '../lib/domain.ts'
import type { Events } from '../lib/events.ts'
import type { Log } from '../lib/log.ts'
import type { Progress } from '../lib/operation.ts'
import { storageChecks } from './checks.ts'
import { storageRoutes } from './routes.ts'
import type {
  CreatePoolRequest,
  Disk,
  FoundPool,
  ImportedPool,
  ImportRequest,
  LeftBehind,
  Pool,
  PoolOption,
  PoolPlan,
  PoolRequest,
  PoolState,
  Snapshot,
  SubvolumeKind,
} from './schema.ts'
import { type Changes, createChanges } from './service/changes.ts'
import { type Brought, createPools } from './service/pools.ts'
import { createSubvolumes } from './service/subvolumes.ts'
import { createUpkeep } from './service/upkeep.ts'
import { createStorageStore, storageMigrations } from './store.ts'

export {
  type ChangedEntry,
  type ChangedFolder,
  type ChangedName,
  type ChangeKind,
  type ChangeMark,
  type ChangesPage,
  type CreatePoolRequest,
  type Disk,
  disk,
  diskSerial,
  type FeedMark,
  type FeedMessage,
  type FileLink,
  type FoundPool,
  foundPool,
  type ImportedPool,
  importRequest,
  type LeftBehind,
  optionsRequest,
  type Pool,
  type PoolOption,
  type PoolPlan,
  type PoolRequest,
  type PoolState,
  pool,
  poolName,
  poolOption,
  poolPlan,
  poolRequest,
  poolUuid,
  type Snapshot,
  type SubvolumeKind,
  snapshot,
  snapshotId,
  subvolumeName,
} from './schema.ts'
export type { Changes, ChangesFollower, SubvolumePlace } from './service/changes.ts'
export { storageMigrations } from './store.ts'

declare module '../lib/events.ts' {
  interface EventMap {
    'storage/changed': { pool: string | null }
    'storage/snapshots-changed': {
      pool: string
      kind: 'shares' | 'homes'
      name: string
      /** Else one has gone. */
      isTaken: boolean
    }
    /** Another subvolume is at this place now: whoever keeps a folder of the old one open must open it again. */
    'storage/subvolume-replaced': { pool: string; kind: 'shares' | 'homes'; name: string }
  }
}

export interface Storage {
  domain: Domain
  pools(): Promise<Pool[]>
  disks(): Promise<Disk[]>
  options(serials: readonly string[]): Promise<PoolOption[]>
  plan(request: PoolRequest): Promise<PoolPlan>
  createPool(
    request: CreatePoolRequest,
    options?: { onProgress?: (progress: Progress) => void },
  ): Promise<void>
  /** Pools that lie on this box's disks and that it does not know. */
  found(): Promise<FoundPool[]>
  /** Takes one of them in, with all that is on it. */
  importPool(request: ImportRequest): Promise<ImportedPool>
  /** Is told, and awaited, what an imported pool brings, before it counts as known. */
  onImporting(importer: Importer): void
  /** From memory: where a pool is mounted and how it is. Undefined for an unknown pool. */
  mounted(pool: string): { path: string; state: PoolState } | undefined
  uuidOf(pool: string): Promise<string>
  /** From memory: the pools that there are. */
  names(): string[]
  createSubvolume(pool: string, kind: SubvolumeKind, name: string): Promise<void>
  /** With all its snapshots. */
  deleteSubvolume(pool: string, kind: SubvolumeKind, name: string): Promise<void>
  /** Gives files that another account has left there to ours, by their paths. */
  adopt(pool: string, kind: SubvolumeKind, name: string, paths: readonly (readonly string[])[]): Promise<void>
  changes: Changes
  snapshots: {
    list(pool: string, kind: SubvolumeKind, name: string): Promise<Snapshot[]>
    create(pool: string, kind: SubvolumeKind, name: string, label?: string): Promise<Snapshot>
    delete(pool: string, kind: SubvolumeKind, name: string, id: string): Promise<void>
    /** Goes back to it; `kept` is the snapshot of how it was before. */
    restoreAll(pool: string, kind: SubvolumeKind, name: string, id: string): Promise<{ kept: string }>
    path(pool: string, kind: SubvolumeKind, name: string, id: string): string
  }
}

/** Takes over what an imported pool brings; what it cannot take stays where it is. */
export type Importer = (brought: Brought) => Promise<LeftBehind[]>

export interface StorageDeps {
  database: Database
  agent: Agent
  events: Events
  jobs: Pick<Jobs, 'start'>
  log: Log
  poolsDir: string
}

export function createStorage(deps: StorageDeps): Storage {
  const { poolsDir, events, jobs, log } = deps
  const store = createStorageStore(deps.database)
  const importers: Importer[] = []
  async function importing(brought: Brought) {
    const left = []
    for (const importer of importers) left.push(...(await importer(brought)))
    return left
  }
  const pools = createPools({ ...deps, store, importing })
  const upkeep = createUpkeep({ ...deps, store, pools })
  const subvolumes = createSubvolumes({ ...deps, store, pools })
  const unsubscribe: (() => void)[] = []

  async function recover() {
    await pools.recover()
    await upkeep.resume()
  }

  const domain: Domain = {
    name: 'storage',
    migrations: storageMigrations,
    routes: storageRoutes({ pools, upkeep, jobs }),
    checks: storageChecks(pools.pools),
    async start() {
      await recover()
      unsubscribe.push(
        events.on('storage/changed', () => void upkeep.noticed()),
        events.on('agent/connected', ({ isFirst }) => {
          if (!isFirst)
            recover().then(
              // Shares that were brought up to date meanwhile did not find their pools.
              () => events.publish('storage/changed', { pool: null }),
              error => log.error('the pools could not be taken up again', { error }),
            )
        }),
      )
      await upkeep.noticed()
    },
    async stop() {
      for (const end of unsubscribe.splice(0)) end()
      await upkeep.stop()
    },
  }

  return {
    domain,
    pools: pools.pools,
    disks: pools.disks,
    options: pools.options,
    plan: pools.plan,
    createPool: pools.createPool,
    found: pools.found,
    importPool: pools.importPool,
    onImporting: importer => void importers.push(importer),
    mounted(name) {
      const state = pools.state(name)
      return state === undefined ? undefined : { path: `${poolsDir}/${name}`, state }
    },
    uuidOf: async name => (await pools.find(name)).uuid,
    names: pools.names,
    changes: createChanges({ ...deps, pools }),
    ...subvolumes,
  }
}
