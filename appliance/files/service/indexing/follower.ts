import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import type { Changes, FeedMessage } from '../../../storage/index.ts'
import type { Volume } from '../../schema.ts'
import { type Adopt, createAdopting } from './adopting.ts'
import { catchUp } from './catching-up.ts'
import type { Looked } from './looking.ts'
import { createMarks } from './marks.ts'
import type { OpenPool, OpenPools } from './open-pools.ts'
import type { OnLooked } from './pool-index.ts'
import { createTakingIn, type Outside, type TakingIn } from './taking-in.ts'
import { keyOf, type Trust, volumeKey } from './trust.ts'

export interface FollowerDeps {
  changes: Pick<Changes, 'since' | 'follow'>
  trust: Trust
  pools: OpenPools
  log: Log
  everyVolume(): readonly Volume[]
  adopt: Adopt
  isOwn?: ((pid: number) => boolean) | undefined
  /** Somebody else than our own processes has changed this. */
  onOutside?: ((change: OutsideChange) => void) | undefined
  signal: AbortSignal
}

export interface OutsideChange {
  pool: string
  /** `share:NAME` or `home:USER`. */
  volume: string
  path: string[]
  /** Where it was, of something that moved. */
  from: string[] | undefined
  looked: Looked
  /** Of the processes that did it; none where nobody saw it happen. */
  pids: readonly number[]
  /** Somebody who had it open for writing has closed it; what the index knows may have been the same already. */
  isWritten: boolean
}

const retryMs = 2_000
const deferredMs = 500

/**
 * Follows what happens in the pools and keeps their indexes right. Of all server processes one is served by the agent;
 * in the others this waits for its turn.
 */
export function createFollower(deps: FollowerDeps) {
  const { changes, trust, pools, log, everyVolume, isOwn, onOutside, signal } = deps
  const volumesOf = (pool: string) => everyVolume().filter(volume => volume.pool === pool)
  const adopting = createAdopting(deps)
  const marks = createMarks({ changes, trust, pools, volumesOf, signal })
  const taking = new WeakMap<OpenPool, TakingIn>()
  let isServed = false
  let isWalked = false
  let work: Promise<unknown> = Promise.resolve()
  const deferred = new Map<string, NodeJS.Timeout>()
  /** What came last of each pool. */
  const taken = new Map<string, string>()

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = work.then(act)
    work = result.catch(() => undefined)
    return result
  }

  async function follow() {
    while (!signal.aborted) {
      try {
        await changes.follow({ receive, signal })
      } catch (error) {
        if (signal.aborted) return
        if (isWalkNeeded(error)) return walkInstead()
        log.error('the index lost the change feed and will catch up', { error })
        isServed = false
        await delay(retryMs, undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
  }

  /** A plain folder tells nothing: it is walked through at the start, and own changes keep the index right. */
  async function walkInstead() {
    isServed = true
    isWalked = true
    await takeAll()
  }

  function receive(message: FeedMessage) {
    isServed = true
    return inTurn(() => receiveNow(message))
  }

  async function receiveNow(message: FeedMessage) {
    const volumes = volumesOf(message.pool)
    try {
      if (message.kind === 'gone') return letGo(message.pool)
      if (message.kind === 'alive')
        return await marks.signOfLife(
          message.pool,
          message.isProven && taken.get(message.pool) === positionOf(message),
        )
      using _hold = pools.hold(message.pool)
      if (message.kind === 'gap') await catchUpPool(message.pool, message.reason)
      else await takeIn(message)
      taken.set(message.pool, positionOf(message))
    } catch (error) {
      // It stays taken in: those volumes will catch up.
      if (!signal.aborted) for (const volume of volumes) pools.doubt(volume, error)
    }
  }

  function letGo(pool: string) {
    marks.forget(pool)
    for (const volume of volumesOf(pool)) trust.set(volume, false)
    pools.close(pool)
  }

  async function catchUpPool(name: string, reason: string) {
    if (reason !== 'start')
      log.info('the change feed has a gap; the index catches up', { pool: name, reason })
    for (const volume of volumesOf(name)) await catchUpVolume(volume)
  }

  /** `isQuiet`: what is found is no news to anybody. */
  async function catchUpVolume(volume: Volume, isQuiet = false) {
    using _hold = pools.hold(volume.pool)
    const found = pools.find(volume)
    // It is too full to be written, perhaps.
    if (!found) return takeLater(volume)
    const { pool, index, row } = found
    const onLooked = isQuiet || row.uuid === null ? adoptingOnly(volume) : noting(volume)
    try {
      await catchUp({ changes, pool: pool.name, index, onLooked, signal }, row)
    } catch (error) {
      if (!isWalkNeeded(error)) throw error
      await index.distrust(row.number)
      await index.listBelow(row.number, 'all', { onLooked, signal })
    }
    if (signal.aborted) return
    await adopting.adoptAll(noting)
    trust.set(volume, true)
    forgetSome(pool)
  }

  async function takeIn({ pool: name, folders }: Extract<FeedMessage, { kind: 'changes' }>) {
    const pool = pools.named(name)
    if (!pool) return
    const takingIn = takingInOf(pool)
    await takingIn.takeIn(folders)
    await adopting.adoptAll(noting)
    marks.count(
      name,
      folders.reduce((sum, folder) => sum + folder.names.length, 0),
    )
    if (takingIn.hasDeferred()) deferLater(name)
    forgetSome(pool)
  }

  function takingInOf(pool: OpenPool): TakingIn {
    const known = taking.get(pool)
    if (known) return known
    const onOutside = (change: Outside) => {
      const volume = volumesOf(pool.name).find(
        one => pool.index.volume(volumeKey(one))?.number === change.place.volume,
      )
      if (volume) note(volume, change)
    }
    const made = createTakingIn({ index: pool.index, poolPath: pool.path, onOutside, isOwn })
    taking.set(pool, made)
    return made
  }

  const adoptingOnly =
    (volume: Volume): OnLooked =>
    (looked, place, name) => {
      if (looked.isForeign) note(volume, { looked: { ...looked, kind: 'same' }, place, name, pids: [] })
    }

  const noting =
    (volume: Volume): OnLooked =>
    (looked, place, name) =>
      note(volume, { looked, place, name, pids: [] })

  function note(volume: Volume, { looked, place, name, pids, isWritten = false }: Outside) {
    const isNews = !unchanged.has(looked.kind) || (isWritten && looked.kind === 'same')
    if (!isNews && !looked.isForeign) return
    const places = pools.named(volume.pool)?.index.places
    const above = places?.pathOf(place.volume, place.inode)
    if (!places || !above) return
    const path = [...above, name]
    if (looked.isForeign) adopting.add(volume, path)
    if (!isNews) return
    const { kind, before } = looked
    const from = kind === 'moved' && before ? places.pathOf(before.volume, before.parent) : undefined
    onOutside?.({
      pool: volume.pool,
      volume: `${volume.kind}:${volume.name}`,
      path,
      from: from && before ? [...from, before.name] : undefined,
      looked,
      pids,
      isWritten,
    })
  }

  function deferLater(name: string) {
    if (deferred.has(name)) return
    const hold = pools.hold(name)
    const timer = setTimeout(() => {
      deferred.delete(name)
      void inTurn(() => takeInDeferred(name)).finally(() => hold[Symbol.dispose]())
    }, deferredMs)
    deferred.set(name, timer.unref())
  }

  async function takeInDeferred(name: string) {
    const pool = pools.named(name)
    const takingIn = pool && taking.get(pool)
    if (!takingIn || signal.aborted) return
    try {
      await takingIn.takeInDeferred()
      await adopting.adoptAll(noting)
      if (takingIn.hasDeferred()) deferLater(name)
    } catch (error) {
      for (const volume of volumesOf(name)) pools.doubt(volume, error)
    }
  }

  /** What lay below folders that have gone, a few rows at a time. */
  function forgetSome(pool: OpenPool) {
    setImmediate(() => {
      try {
        if (!signal.aborted && pools.isOpen(pool) && pool.index.forgetSome()) forgetSome(pool)
      } catch (error) {
        log.warn('the index could not forget what has gone', { pool: pool.name, error })
      }
    })
  }

  async function take(volume: Volume, isQuiet = false) {
    try {
      await inTurn(() => catchUpVolume(volume, isQuiet))
    } catch (error) {
      if (!signal.aborted) pools.doubt(volume, error)
    }
  }

  const later = new Set<string>()
  function takeLater(volume: Volume) {
    const key = keyOf(volume)
    if (!isServed || later.has(key)) return
    later.add(key)
    void delay(retryMs, undefined, { ref: false }).then(() => {
      later.delete(key)
      const now = everyVolume().find(one => keyOf(one) === key)
      return now?.isAvailable && !now.isReadOnly && !signal.aborted && !trust.has(now) ? take(now) : undefined
    })
  }

  /** All volumes that are there and not relied on yet. */
  async function takeAll() {
    for (const volume of everyVolume()) if (volume.isAvailable && !trust.has(volume)) await take(volume)
  }

  let following: Promise<void> = Promise.resolve()
  return {
    /** Whether it is this process that keeps the index right. */
    isServed: () => isServed,
    /** The agent is another one now, and may serve another process first. */
    lost() {
      isServed = isWalked
    },
    take,
    takeAll,
    takeLater,
    start() {
      following = follow()
    },
    /** After the signal has ended it. */
    async stop() {
      for (const timer of deferred.values()) clearTimeout(timer)
      await following
      await work
    },
  }
}

const positionOf = ({ epoch, number }: { epoch: string; number: number }) => `${epoch}/${number}`

const unchanged = new Set<Outside['looked']['kind']>(['same', 'nothing', 'closed'])

function isWalkNeeded(error: unknown): boolean {
  return error instanceof Failure && error.code === 'storage/walk-needed'
}
