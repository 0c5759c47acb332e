import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { LetGo } from '../../lib/let-go.ts'
import type { Log } from '../../lib/log.ts'
import type { Mounted } from '../../lib/mounted.ts'
import type { OperationContext } from '../../lib/operation.ts'
import { createTurns } from '../../lib/turns.ts'
import type { DiskFacts, PoolFacts } from '../schema.ts'
import type { PoolBackend, PoolPlace } from './backend.ts'
import { btrfsBackend } from './btrfs.ts'
import { createDiskReader } from './disks.ts'
import { followedBackend } from './feed/followed-backend.ts'
import { createFeed } from './feed/index.ts'
import { folderBackend } from './folder.ts'
import { createLayout, serviceAccount } from './layout.ts'
import { mountsBelow, unmountPlace } from './mounts.ts'
import { createPracticeDisks, type PracticeDisks } from './practice.ts'
import { createWatch } from './watch.ts'

export interface KeeperDeps {
  poolsDir: string
  practice: { folder: string; count: number; sizeBytes: number }
  isRoot: boolean
  events: Events
  log: Log
  letGo: LetGo
  mounted?: Mounted
}

export interface PoolKey {
  name: string
  uuid: string
}

export type Keeper = ReturnType<typeof createKeeper>

interface LongWork {
  what: 'scrub' | 'replace'
  controller: AbortController
  done: Promise<unknown>
}

/** What all operations share: which kind of pool this machine has, who works on what, and what is looked after. */
export function createKeeper({ poolsDir, isRoot, events, log, letGo: holders, ...deps }: KeeperDeps) {
  const inTurn = createTurns()
  const feed = createFeed({ log })
  /** Who reads in a pool and who unmounts it wait for each other. */
  const whileMounted = <T>(pool: string, work: () => Promise<T>) => inTurn(`reading ${pool}`, work)
  const backend = followed(backendFor(isRoot))
  const practice: PracticeDisks = createPracticeDisks({ ...deps.practice, log })
  const hasPractice = backend.kind === 'btrfs' && deps.practice.count > 0
  const readDisks = createDiskReader(async () => (hasPractice ? practice.list() : []))
  const layout = createLayout({ backend, owner: isRoot ? serviceAccount : null })
  /** Pools that this agent has to do with: uuid by name. */
  const known = new Map<string, string>()
  const busy = new Map<string, LongWork>()
  let isStopping = false

  function followed(plain: PoolBackend): PoolBackend {
    return plain.kind === 'btrfs'
      ? followedBackend(plain, { feed, alone: whileMounted, letGo: holders, mounted: deps.mounted })
      : plain
  }

  const placeOf = ({ name, uuid }: PoolKey): PoolPlace => ({ name, uuid, place: join(poolsDir, name) })

  async function disks(): Promise<DiskFacts[]> {
    return backend.kind === 'btrfs' ? readDisks() : []
  }

  async function factsOf(pool: PoolPlace): Promise<PoolFacts> {
    const facts = await backend.facts(pool)
    const own = busy.get(pool.name)?.what
    return own && facts.activity === 'none' ? { ...facts, activity: own } : facts
  }

  const watch = createWatch({
    log,
    changed: pool => events.publish('storage/changed', { pool }),
    async facts() {
      const pools = [...known].map(([name, uuid]) => placeOf({ name, uuid }))
      return new Map(await Promise.all(pools.map(async pool => [pool.name, await factsOf(pool)] as const)))
    },
  })

  async function start() {
    if (hasPractice) await practice.start()
    watch.start()
  }

  async function stop() {
    isStopping = true
    watch.stop()
    feed.stop()
    if (backend.kind === 'btrfs') await letGo()
  }

  /** Where the disks are ours alone, nothing stays behind; else what others still use stays mounted. */
  async function letGo() {
    if (hasPractice) for (const { controller } of busy.values()) controller.abort()
    if (hasPractice) await Promise.allSettled([...busy.values()].map(({ done }) => done))
    await inTurn('disks', async () => {
      const busyPlace = hasPractice ? 'detach' : 'leave'
      for (const { place } of await mountsBelow(poolsDir)) await unmountPlace(place, busyPlace)
      if (hasPractice) await practice.stop()
    })
  }

  /** One long piece of work per pool; `facts` shows which. */
  async function occupy<T>(
    name: string,
    what: LongWork['what'],
    context: OperationContext,
    work: (context: OperationContext) => Promise<T>,
  ): Promise<T> {
    const other = busy.get(name)?.what
    if (other) throw new Failure('conflict', 'storage/busy', `The pool ${name} is busy: ${other}.`)
    const controller = new AbortController()
    const done = work({ ...context, signal: AbortSignal.any([context.signal, controller.signal]) })
    busy.set(name, { what, controller, done })
    events.publish('storage/changed', { pool: name })
    try {
      return await done
    } finally {
      busy.delete(name)
      if (!isStopping) await watch.look()
      events.publish('storage/changed', { pool: name })
    }
  }

  async function requireMounted(key: PoolKey): Promise<PoolPlace> {
    const pool = placeOf(key)
    const facts = await backend.facts(pool)
    if (!facts.isMounted)
      throw new Failure('unavailable', 'storage/pool-away', `The pool ${key.name} is not there.`)
    if (facts.isReadOnly)
      throw new Failure('unavailable', 'storage/pool-readonly', `The pool ${key.name} is read-only.`)
    return pool
  }

  /** One change after the other in each pool, while it is there and can be written. */
  async function changing<T>(key: PoolKey, work: (place: string) => Promise<T>): Promise<T> {
    return inTurn(key.name, async () => work((await requireMounted(key)).place))
  }

  function requireBtrfs() {
    if (backend.kind === 'btrfs') return
    throw new Failure(
      'unsupported',
      'storage/no-disks',
      'This pool is a plain folder and has no disks of its own.',
    )
  }

  return {
    poolsDir,
    backend,
    practice,
    hasPractice,
    layout,
    inTurn,
    known,
    watch,
    feed,
    whileMounted,
    placeOf,
    disks,
    factsOf,
    start,
    stop,
    occupy,
    changing,
    requireMounted,
    requireBtrfs,
    isBusy: (name: string) => busy.has(name),
    isStopping: () => isStopping,
  }
}

export function backendFor(isRoot: boolean): PoolBackend {
  return isRoot && readFileSync('/proc/filesystems', 'utf8').includes('\tbtrfs\n')
    ? btrfsBackend
    : folderBackend
}
