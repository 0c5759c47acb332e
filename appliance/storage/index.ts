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
  Pool,
  PoolOption,
  PoolPlan,
  PoolRequest,
  PoolState,
  Snapshot,
  SubvolumeKind,
} from './schema.ts'
import { type Changes, createChanges } from './service/changes.ts'
import { createPools } from './service/pools.ts'
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
  /** From memory: where a pool is mounted and how it is. Undefined for an unknown pool. */
  mounted(pool: string): { path: string; state: PoolState } | undefined
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
  const pools = createPools({ ...deps, store })
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
            recover().catch(error => log.error('the pools could not be taken up again', { error }))
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
    mounted(name) {
      const state = pools.state(name)
      return state === undefined ? undefined : { path: `${poolsDir}/${name}`, state }
    },
    names: pools.names,
    changes: createChanges({ ...deps, pools }),
    ...subvolumes,
  }
}
