import { randomUUID } from 'node:crypto'
import type { Agent } from '../../agent/client.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { Progress } from '../../lib/operation.ts'
import { sha256 } from '../../lib/secret.ts'
import { describeDisk, type KnownPool } from '../plan/disk.ts'
import { identityOf, type PlannedDisk, planPool, poolOptions, requireConfirmations } from '../plan/pool.ts'
import { describePool } from '../plan/pool-state.ts'
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
} from '../schema.ts'
import { poolName } from '../schema.ts'
import type { StorageStore, StoredPool } from '../store.ts'

export type Brought = Pick<ImportedPool, 'name' | 'shares' | 'homes'>

export interface PoolDeps {
  agent: Agent
  store: StorageStore
  events: Events
  log: Log
  /** Told, and awaited, before an imported pool counts as known: what it brings is taken over first. */
  importing(brought: Brought): Promise<LeftBehind[]>
}

/** Planning, making and mounting pools, and their live state. */
export function createPools({ agent, store, events, log, importing }: PoolDeps) {
  /** What `mounted` answers from: the state at the last look. */
  const states = new Map<string, PoolState>()
  const makingHere = new Set<string>()

  async function ready(): Promise<StoredPool[]> {
    return (await store.pools()).filter(pool => pool.state === 'ready')
  }

  async function find(name: string): Promise<StoredPool> {
    const pool = (await ready()).find(other => other.name === name)
    if (!pool) throw new Failure('missing', 'storage/no-pool', `There is no pool "${name}".`)
    return pool
  }

  async function describe(record: StoredPool): Promise<Pool> {
    const { name, uuid } = record
    const facts = await agent.call('storage/pool-facts', { name, uuid })
    const isReplacing = record.replacement !== null
    return describePool(record, facts, { isScrubbing: facts.activity === 'scrub', isReplacing })
  }

  async function pools(): Promise<Pool[]> {
    const all = await Promise.all((await ready()).map(describe))
    remember(all)
    return all
  }

  function remember(all: readonly Pool[]) {
    for (const name of states.keys()) if (!all.some(pool => pool.name === name)) states.delete(name)
    for (const { name, state } of all) states.set(name, state)
  }

  async function plannedDisks() {
    const [{ disks }, records] = await Promise.all([agent.call('storage/disks', {}), ready()])
    const failing = await failingSerials(records)
    return disks.map(facts => ({ facts, disk: describeDisk(facts, records.map(asKnown), failing) }))
  }

  async function failingSerials(records: readonly StoredPool[]): Promise<Set<string>> {
    const all = await Promise.all(records.map(describe))
    return new Set(
      all.flatMap(pool => pool.disks.filter(({ state }) => state === 'failing').map(({ serial }) => serial)),
    )
  }

  async function choose(serials: readonly string[]): Promise<PlannedDisk[]> {
    const all = await plannedDisks()
    return serials.map(serial => {
      const found = all.filter(({ disk }) => disk.serial === serial)
      if (found.length === 1 && found[0]) return found[0]
      throw new Failure('conflict', 'storage/disks-changed', `The disk ${serial} is not there any more.`)
    })
  }

  async function plan(request: PoolRequest): Promise<PoolPlan> {
    await refuseTakenName(request.name)
    const chosen = await choose(request.disks)
    return { fingerprint: sha256(identityOf(request, chosen)), ...planPool(request, chosen) }
  }

  async function refuseTakenName(name: string) {
    if ((await store.pools()).some(pool => pool.name === name)) throw nameTaken(name)
  }

  /** All that can be refused is refused here, before anything is started. */
  async function checkCreate({
    fingerprint,
    confirm = {},
    ...request
  }: CreatePoolRequest): Promise<PoolPlan> {
    const now = await plan(request)
    if (fingerprint !== undefined && fingerprint !== now.fingerprint) {
      throw new Failure(
        'conflict',
        'storage/disks-changed',
        'The disks have changed since the plan was made. Look at it again.',
      )
    }
    requireConfirmations(now.confirmations, confirm)
    return now
  }

  async function createPool(
    request: CreatePoolRequest,
    options: { onProgress?: (progress: Progress) => void } = {},
  ) {
    const { fingerprint } = await checkCreate(request)
    const { name, profile, disks, isAdvanced = false, confirm = {} } = request
    await make({ name, profile, disks, isAdvanced, fingerprint, confirm }, options.onProgress)
  }

  /** The intent is written first, so that whatever a crash leaves on the disks is known to be ours. */
  async function make(
    wanted: Omit<Parameters<typeof agent.call<'storage/create-pool'>>[1], 'uuid' | 'createdAt' | 'pools'>,
    onProgress: ((progress: Progress) => void) | undefined,
  ) {
    const pool = { name: wanted.name, uuid: randomUUID(), profile: wanted.profile, createdAt: Date.now() }
    const known = (await ready()).map(asKnown)
    makingHere.add(pool.uuid)
    try {
      if (!(await store.begin(pool))) throw nameTaken(pool.name)
    } catch (error) {
      makingHere.delete(pool.uuid)
      throw error
    }
    try {
      const members = await agent.call(
        'storage/create-pool',
        { ...wanted, uuid: pool.uuid, createdAt: new Date(pool.createdAt).toISOString(), pools: known },
        onProgress ? { onProgress } : {},
      )
      await store.finish(pool, members)
    } catch (error) {
      await abandon(pool)
      throw error
    } finally {
      makingHere.delete(pool.uuid)
    }
    await pools()
    events.publish('storage/changed', { pool: pool.name })
  }

  async function found(): Promise<FoundPool[]> {
    return agent.call('storage/found-pools', { pools: (await store.pools()).map(asKnown) })
  }

  /** One that is known already is as good as imported, so that a try that was cut off goes on. */
  async function importPool({ uuid, name: wanted }: ImportRequest): Promise<ImportedPool> {
    const all = await store.pools()
    const there = all.find(pool => pool.uuid === uuid && pool.state === 'ready')
    if (there) return { name: there.name, shares: [], homes: [], left: [] }
    const name = poolName.safeParse(wanted ?? (await found()).find(pool => pool.uuid === uuid)?.name).data
    if (name === undefined) throw nothingToImport()
    await refuseTakenName(name)
    const taken = await agent.call('storage/import-pool', { name, uuid, pools: all.map(asKnown) })
    const { shares, homes, profile, members } = taken
    const left = await importing({ name, shares, homes })
    if (!(await store.take({ name, uuid, profile, createdAt: Date.now() }, members))) throw nameTaken(name)
    await pools()
    events.publish('storage/changed', { pool: name })
    return { name, shares, homes, left }
  }

  /** If the agent is away, this is done when it is back. */
  async function abandon({ name, uuid }: { name: string; uuid: string }) {
    try {
      await agent.call('storage/abandon-pool', { name, uuid })
      await store.forget(uuid)
    } catch (error) {
      log.warn('a pool that was not finished could not be cleaned up yet', { pool: name, error })
    }
  }

  /** After a start, of this process or of the agent: finish or undo what was begun, and mount. */
  async function recover() {
    for (const record of await store.pools()) {
      if (record.state === 'ready') await mount(record)
      else if (!makingHere.has(record.uuid)) await abandon(record)
    }
    await makeFolderPool()
    await pools()
  }

  /** A pool that cannot be mounted is missing, and holds up no other. */
  async function mount({ name, uuid, retired }: StoredPool) {
    try {
      await agent.call('storage/mount-pool', { name, uuid, retired })
    } catch (error) {
      log.error('a pool cannot be mounted', { pool: name, error })
    }
  }

  /** Where there are no disks to make pools of, there is one from the start. */
  async function makeFolderPool() {
    const { kind } = await agent.call('storage/disks', {})
    if (kind !== 'folder' || (await store.pools()).length > 0) return
    const [left] = await found()
    if (left) return void (await importPool({ uuid: left.uuid }))
    await make({ name: 'pool', profile: 'folder', disks: [], confirm: {} }, undefined)
  }

  return {
    find,
    ready,
    pools,
    plan,
    checkCreate,
    createPool,
    found,
    importPool,
    recover,
    mount,
    choose,
    state: (name: string): PoolState | undefined => states.get(name),
    names: (): string[] => [...states.keys()],
    async disks(): Promise<Disk[]> {
      return (await plannedDisks()).map(({ disk }) => disk)
    },
    async options(serials: readonly string[]): Promise<PoolOption[]> {
      return poolOptions((await choose(serials)).map(({ disk }) => disk.sizeBytes))
    },
  }
}

export type Pools = ReturnType<typeof createPools>

export function asKnown({ name, uuid, disks }: StoredPool): KnownPool {
  return { name, uuid, serials: disks.map(({ serial }) => serial) }
}

function nothingToImport(): Failure {
  return new Failure(
    'missing',
    'storage/nothing-to-import',
    'uuid: there is no pool of a Cairn with this uuid on the disks that are free.',
  )
}

function nameTaken(name: string): Failure {
  return new Failure('conflict', 'storage/name-taken', `There is a pool "${name}" already.`)
}
