import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Events } from '../../../lib/events.ts'
import { Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { FileStatus, readStatus } from '../../../lib/posix.ts'
import { randomToken } from '../../../lib/secret.ts'
import type { Changes, FeedMessage } from '../../../storage/index.ts'
import type { Volume } from '../../schema.ts'
import type { EntryRow, ListedRow } from '../../store/index-store.ts'
import { catchUp, markNow } from './catching-up.ts'
import { etagOf } from './etags.ts'
import { openAlong } from './places.ts'
import { createPoolIndex, type PoolIndex, type VolumeKey } from './pool-index.ts'
import { createTakingIn, type Outside, type TakingIn } from './taking-in.ts'

declare module '../../../lib/events.ts' {
  interface EventMap {
    /** What the index says of this volume can be relied on from here on, or cannot. */
    'files/index-changed': { pool: string; volume: string; isTrue: boolean }
    /** A process that has just begun asks the one who knows. */
    'files/index-asked': { pid: number }
    'files/index-dropped': { pool: string | null }
  }
}

export interface FolderFacts {
  etag: string
  /** Of all that lies below. */
  size: number
}

/** A change that is done: these names in this folder, by its path in the volume. */
export interface Change {
  volume: Volume
  folder: readonly string[]
  names: readonly string[]
}

export interface Place {
  volume: string
  path: string[]
  id: number
}

export interface IndexState {
  volume: string
  isTrue: boolean
  entries: number
}

/** What is in the pools, known without asking the disk. */
export interface FileIndex {
  /** Of the folder with this inode. Without an index, or while it cannot be relied on, an etag that is like no other. */
  folder(volume: Volume, inode: number): FolderFacts
  /** Whether a folder can be listed from here. */
  isTrue(volume: Volume): boolean
  /** Entries of a folder by name, after `after`; undefined where the index does not know the folder. */
  page(volume: Volume, inode: number, after: string, limit: number): ListedRow[] | undefined
  /** Awaited before a change is answered, so that every face shows it from then on. */
  changed(changes: readonly Change[]): Promise<void>
  byId(volumes: readonly Volume[], id: number): { volume: Volume; path: string[] } | undefined
  state(): IndexState[]
  /** Ends when every volume that is there can be relied on. */
  settled(withinMs: number): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export interface IndexDeps {
  changes: Pick<Changes, 'since' | 'follow'>
  events: Events
  log: Log
  /** All volumes of the box, whoever may see them. */
  everyVolume(): readonly Volume[]
  /** Gives files of other accounts to ours. */
  adopt(volume: Volume, paths: readonly (readonly string[])[]): Promise<void>
  /** Whether a process is one of ours; else that is found out. */
  isOwn?: (pid: number) => boolean
  onOutside?(volume: VolumeKey & { pool: string }, change: Outside): void
}

const retryMs = 2_000
const markEveryMs = 10 * 60_000
const markEveryChanges = 20_000
const deferredMs = 500

export function createFileIndex(deps: IndexDeps): FileIndex {
  const { changes, events, log, everyVolume } = deps
  const pools = new Map<string, OpenPool>()
  const trusted = new Set<string>()
  const periods = new Map<string, string>()
  const stopping = new AbortController()
  const { signal } = stopping
  const status = new FileStatus()
  const unsubscribe: (() => void)[] = []
  let following: Promise<void> = Promise.resolve()
  let isIndexer = false
  let work: Promise<unknown> = Promise.resolve()
  const waiters: (() => void)[] = []

  // --- which volumes can be relied on

  function setTrue(volume: Volume, isTrue: boolean, isOwnNews = true) {
    const key = keyOf(volume)
    if (isTrue === trusted.has(key)) return
    if (isTrue) trusted.add(key)
    else trusted.delete(key)
    if (isOwnNews) events.publish('files/index-changed', { pool: volume.pool, volume: key, isTrue })
    for (const wake of waiters.splice(0)) wake()
  }

  function isTrue(volume: Volume): boolean {
    if (!volume.isAvailable || !trusted.has(keyOf(volume))) return false
    try {
      const pool = openPool(volume)
      const row = pool?.index.volume(volumeKey(volume))
      return pool !== undefined && row !== undefined && pool.index.store.isWhole(row.number)
    } catch (error) {
      doubt(volume, error)
      return false
    }
  }

  /** It could not be written or read: until it has caught up again, folders are listed from the disk. */
  function doubt(volume: Volume, error: unknown) {
    log.warn('the index of a volume cannot be relied on', { volume: keyOf(volume), error })
    setTrue(volume, false)
    closePool(volume.pool)
    if (isIndexer) void delay(retryMs, undefined, { ref: false }).then(() => take(volume))
  }

  // --- pools that this process has open

  interface OpenPool {
    path: string
    index: PoolIndex
    takingIn: TakingIn
    adopting: Map<string, { volume: Volume; path: string[] }>
    sinceMark: { changes: number; atMs: number }
    marks: Map<number, { period: number; mark: { uuid: string; transid: number }; subvolume: number }>
  }

  function openPool(volume: Volume): OpenPool | undefined {
    const known = pools.get(volume.pool)
    if (known) return known
    const path = join(volume.path, '..', '..')
    if (!volume.isAvailable || volume.isReadOnly || !existsSync(join(path, 'index'))) return undefined
    const index = createPoolIndex({ poolPath: path, ownUid: process.getuid?.() ?? 0, nowMs: Date.now })
    const takingIn = createTakingIn({
      index,
      poolPath: path,
      onOutside: change => outside(volume.pool, change),
      isOwn: deps.isOwn,
    })
    const opened = {
      path,
      index,
      takingIn,
      adopting: new Map(),
      sinceMark: { changes: 0, atMs: Date.now() },
      marks: new Map(),
    }
    pools.set(volume.pool, opened)
    return opened
  }

  function closePool(name: string) {
    const pool = pools.get(name)
    pools.delete(name)
    pool?.index.close()
  }

  const volumesOf = (pool: string) => everyVolume().filter(volume => volume.pool === pool)

  // --- the one process that follows the feed

  async function follow() {
    while (!signal.aborted) {
      try {
        await changes.follow({ receive, signal })
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof Failure && error.code === 'storage/walk-needed') return walkInstead()
        log.error('the index lost the change feed and will catch up', { error })
        isIndexer = false
        await delay(retryMs, undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
  }

  /** A plain folder tells nothing: it is walked through once, and own changes keep it right. */
  async function walkInstead() {
    isIndexer = true
    await takeAll()
  }

  async function receive(message: FeedMessage) {
    isIndexer = true
    await inTurn(() => receiveNow(message))
  }

  async function receiveNow(message: FeedMessage) {
    const { pool } = message
    if (message.kind === 'gone') {
      for (const volume of volumesOf(pool)) setTrue(volume, false)
      closePool(pool)
      return
    }
    if (message.kind === 'alive') return commitMarks(pool)
    try {
      if (message.kind === 'gap') await catchUpPool(pool, message.reason)
      else await takeIn(pool, message)
    } catch (error) {
      if (signal.aborted) return
      const [volume] = volumesOf(pool)
      if (volume) for (const one of volumesOf(pool)) doubt(one, error)
      else throw error
    }
  }

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = work.then(act)
    work = result.catch(() => undefined)
    return result
  }

  async function catchUpPool(name: string, reason: string) {
    if (reason !== 'start')
      log.info('the change feed has a gap; the index catches up', { pool: name, reason })
    for (const volume of volumesOf(name)) await catchUpVolume(volume)
  }

  async function catchUpVolume(volume: Volume) {
    const pool = openPool(volume)
    const row = pool?.index.volume(volumeKey(volume))
    if (!pool || !row) return
    const onLooked = (looked: Outside['looked'], place: Outside['place'], name: string) => {
      if (looked.isForeign || !['same', 'nothing'].includes(looked.kind))
        outside(volume.pool, { looked, place, name, pids: [] })
    }
    try {
      await catchUp({ changes, pool: volume.pool, index: pool.index, onLooked, signal }, row)
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'storage/walk-needed')) throw error
      await pool.index.distrust(row.number)
      await pool.index.listBelow(row.number, 'all', { onLooked, signal })
    }
    if (signal.aborted) return
    await adoptSome(pool)
    pool.sinceMark = { changes: 0, atMs: Date.now() }
    setTrue(volume, true)
    forgetLater(pool)
  }

  /** Volumes that are there and not relied on yet. */
  async function takeAll() {
    for (const volume of everyVolume())
      if (volume.isAvailable && !trusted.has(keyOf(volume))) await take(volume)
  }

  async function take(volume: Volume) {
    try {
      await inTurn(() => catchUpVolume(volume))
    } catch (error) {
      if (!signal.aborted) doubt(volume, error)
    }
  }

  async function takeIn(name: string, { folders }: Extract<FeedMessage, { kind: 'changes' }>) {
    const pool = pools.get(name)
    if (!pool) return
    await pool.takingIn.takeIn(folders)
    await adoptSome(pool)
    pool.sinceMark.changes += folders.reduce((sum, folder) => sum + folder.names.length, 0)
    if (pool.takingIn.hasDeferred()) deferLater()
    forgetLater(pool)
  }

  let deferTimer: NodeJS.Timeout | undefined
  function deferLater() {
    deferTimer ??= setTimeout(() => {
      deferTimer = undefined
      for (const [name, pool] of pools)
        void inTurn(() => pool.takingIn.takeInDeferred())
          .then(() => (pool.takingIn.hasDeferred() ? deferLater() : undefined))
          .catch(error => {
            for (const volume of volumesOf(name)) doubt(volume, error)
          })
    }, deferredMs).unref()
  }

  function forgetLater(pool: OpenPool) {
    setImmediate(() => {
      try {
        if (!signal.aborted && pools.get(poolName(pool)) === pool && pool.index.forgetSome())
          forgetLater(pool)
      } catch (error) {
        log.warn('the index could not forget what has gone', { error })
      }
    })
  }

  const poolName = (pool: OpenPool) => [...pools].find(([, one]) => one === pool)?.[0] ?? ''

  /**
   * Once in a while there is a new mark to go on from. It holds only when all that the feed told up to then is taken
   * in, so it is kept with the next sign of life.
   */
  async function commitMarks(name: string) {
    const pool = pools.get(name)
    if (!pool) return
    for (const [number, { period, mark, subvolume }] of pool.marks)
      pool.index.store.write(() => {
        pool.index.store.setMark(number, { ...mark, subvolume })
        pool.index.store.untouch(number, period)
      })
    pool.marks.clear()
    const { changes: count, atMs } = pool.sinceMark
    if (count === 0 || (count < markEveryChanges && Date.now() - atMs < markEveryMs)) return
    pool.sinceMark = { changes: 0, atMs: Date.now() }
    for (const volume of volumesOf(name)) {
      const row = pool.index.volume(volumeKey(volume))
      if (!row || !trusted.has(keyOf(volume)) || pool.index.store.countTouched(row.number) === 0) continue
      const period = pool.index.store.nextPeriod(row.number)
      const found = await markNow({ changes, pool: name, signal }, row)
      if (found) pool.marks.set(row.number, { period, ...found })
    }
    pool.index.store.checkpoint()
  }

  // --- what others have changed

  function outside(name: string, change: Outside) {
    const pool = pools.get(name)
    const volume =
      pool && volumesOf(name).find(one => pool.index.volume(volumeKey(one))?.number === change.place.volume)
    if (!pool || !volume) return
    if (change.looked.isForeign) {
      const above = pool.index.places.pathOf(change.place.volume, change.place.inode)
      const path = above && [...above, change.name]
      if (path) pool.adopting.set(path.join('/'), { volume, path })
    }
    if (change.looked.kind !== 'same') deps.onOutside?.({ ...volumeKey(volume), pool: name }, change)
  }

  /** What root's shell or another box left there is given to us on sight. */
  async function adoptSome(pool: OpenPool) {
    while (pool.adopting.size > 0 && !signal.aborted) {
      const some = [...pool.adopting].slice(0, 500)
      for (const [key] of some) pool.adopting.delete(key)
      for (const [key, ones] of Map.groupBy(some, ([, { volume }]) => keyOf(volume))) {
        const volume = ones[0]?.[1].volume
        if (!volume) continue
        const paths = ones.map(([, { path }]) => path)
        try {
          await deps.adopt(volume, paths)
          await lookAgain(pool, volume, paths)
        } catch (error) {
          log.warn('files of another account could not be taken over', { volume: key, error })
        }
      }
    }
  }

  async function lookAgain(pool: OpenPool, volume: Volume, paths: readonly string[][]) {
    const row = pool.index.volume(volumeKey(volume))
    if (!row) return
    const fresh: EntryRow[] = []
    for (const ones of Map.groupBy(paths, path => path.slice(0, -1).join('/')).values()) {
      const parent = ones[0]?.slice(0, -1) ?? []
      using folder = openAlong(volume.path, parent)
      if (!folder || !readStatus(folder.fd, '', status)) continue
      const place = { volume: row.number, inode: status.inode, isTop: parent.length === 0, folder }
      const names = ones.map(path => ({ name: path.at(-1) ?? '' }))
      await pool.index.look(place, names, (looked, at, name) => {
        if (looked.row?.isFolder) fresh.push(looked.row)
        if (looked.row && looked.kind !== 'same' && !looked.isForeign)
          outside(volume.pool, { looked, place: at, name, pids: [] })
      })
    }
    // They could not be entered before.
    await pool.index.listBelow(row.number, fresh, {
      onLooked: (looked, place, name) => outside(volume.pool, { looked, place, name, pids: [] }),
    })
  }

  // --- own changes

  const waitingChanges: { change: Change; done: () => void }[] = []
  let isFlushPlanned = false

  function planFlush() {
    if (isFlushPlanned) return
    isFlushPlanned = true
    setImmediate(flush)
  }

  /** What is waiting together goes into one transaction. */
  function flush() {
    isFlushPlanned = false
    const all = waitingChanges.splice(0, changesAtOnce)
    if (waitingChanges.length > 0) planFlush()
    for (const [, ones] of Map.groupBy(all, ({ change }) => change.volume.pool)) {
      const volume = ones[0]?.change.volume
      if (!volume) continue
      const fresh: { volume: number; row: EntryRow }[] = []
      try {
        const pool = openPool(volume)
        pool?.index.lookNow(look => {
          for (const { change } of ones)
            lookAtChange(pool, change, look, row => fresh.push({ volume: row.volume, row }))
        })
        void listFresh(pool, volume, fresh).finally(() => {
          for (const { done } of ones) done()
        })
      } catch (error) {
        for (const { change } of ones) doubt(change.volume, error)
        for (const { done } of ones) done()
      }
    }
  }

  async function listFresh(
    pool: OpenPool | undefined,
    volume: Volume,
    fresh: { volume: number; row: EntryRow }[],
  ) {
    try {
      for (const one of fresh) await pool?.index.listBelow(one.volume, [one.row], {})
    } catch (error) {
      doubt(volume, error)
    }
  }

  type Look = Parameters<Parameters<PoolIndex['lookNow']>[0]>[0]

  function lookAtChange(pool: OpenPool, change: Change, look: Look, onFresh: (row: EntryRow) => void) {
    const row = pool.index.volume(volumeKey(change.volume))
    if (!row) return
    using folder = openAlong(change.volume.path, change.folder)
    if (!folder || !readStatus(folder.fd, '', status)) return
    const { inode } = status
    // Not known yet: then it will be listed with all that is in it.
    if (!pool.index.store.folder(row.number, inode)) return
    const place = { volume: row.number, inode, isTop: change.folder.length === 0, folder }
    for (const name of change.names) {
      const looked = look(place, { name, isOwn: true })
      if (looked.row?.isListed === 0) onFresh(looked.row)
    }
  }

  // --- answers

  function facts(volume: Volume, inode: number): FolderFacts {
    try {
      const pool = volume.isAvailable ? openPool(volume) : undefined
      const row = pool?.index.volume(volumeKey(volume))
      const found = pool && row && pool.index.store.folder(row.number, inode)
      if (!found) return { etag: etagOf(['unknown', inode, Date.now(), randomToken(64)]), size: 0 }
      if (isTrue(volume)) {
        periods.delete(keyOf(volume))
        return { etag: found.etag, size: found.size }
      }
      return { etag: etagOf(['unsettled', periodOf(volume), found.etag]), size: found.size }
    } catch (error) {
      doubt(volume, error)
      return { etag: etagOf(['unknown', inode, Date.now(), randomToken(64)]), size: 0 }
    }
  }

  /**
   * While folders are listed from the disk, an etag of the index must not be taken for a description of what was
   * listed: another one stands for it until they agree again.
   */
  function periodOf(volume: Volume): string {
    const known = periods.get(keyOf(volume))
    if (known) return known
    const fresh = randomToken(64)
    periods.set(keyOf(volume), fresh)
    return fresh
  }

  return {
    folder: facts,
    isTrue,
    page(volume, inode, after, limit) {
      const pool = openPool(volume)
      const row = pool?.index.volume(volumeKey(volume))
      if (!pool || !row || !pool.index.store.folder(row.number, inode)) return undefined
      return pool.index.store.page(row.number, inode, after, limit)
    },
    async changed(all) {
      await Promise.all(
        all.map(
          change =>
            new Promise<void>(done => {
              waitingChanges.push({ change, done })
              planFlush()
            }),
        ),
      )
    },
    byId(volumes, id) {
      for (const volume of volumes) {
        const pool = volume.isAvailable ? openPool(volume) : undefined
        const row = pool?.index.volume(volumeKey(volume))
        const found = row && pool?.index.store.byId(id).find(one => one.volume === row.number)
        const above =
          found && (found.parent === 0 ? [] : pool?.index.places.pathOf(found.volume, found.parent))
        if (found && above) return { volume, path: found.parent === 0 ? [] : [...above, found.name] }
      }
      return undefined
    },
    state: () =>
      everyVolume().map(volume => {
        const pool = volume.isAvailable ? openPool(volume) : undefined
        const row = pool?.index.volume(volumeKey(volume))
        return {
          volume: keyOf(volume),
          isTrue: isTrue(volume),
          entries: row && pool ? pool.index.store.count(row.number) : 0,
        }
      }),
    async settled(withinMs) {
      const isSettled = () =>
        everyVolume().every(volume => !volume.isAvailable || volume.isReadOnly || isTrue(volume))
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
      while (!isSettled() && !deadline.aborted)
        await new Promise<void>(resolve => {
          waiters.push(resolve)
          deadline.addEventListener('abort', () => resolve(), { once: true })
        })
    },
    async start() {
      unsubscribe.push(
        events.on('files/index-changed', ({ volume: key, isTrue }) => {
          const volume = everyVolume().find(one => keyOf(one) === key)
          if (volume) setTrue(volume, isTrue, false)
        }),
        events.on('files/index-asked', ({ pid }) => {
          if (pid === process.pid || !isIndexer) return
          for (const volume of everyVolume())
            if (trusted.has(keyOf(volume)))
              events.publish('files/index-changed', {
                pool: volume.pool,
                volume: keyOf(volume),
                isTrue: true,
              })
        }),
        events.on('files/index-dropped', ({ pool }) => void drop(pool)),
        events.on('storage/subvolume-replaced', ({ pool, kind, name }) => {
          const volume = volumesOf(pool).find(one => volumeKey(one).kind === kind && one.name === name)
          if (!volume) return
          setTrue(volume, false)
          if (isIndexer) void take(volume)
        }),
        events.on('shares/changed', () => void volumesChanged()),
        events.on('storage/changed', () => void volumesChanged()),
      )
      following = follow()
      events.publish('files/index-asked', { pid: process.pid })
    },
    async stop() {
      stopping.abort()
      for (const end of unsubscribe.splice(0)) end()
      clearTimeout(deferTimer)
      await following
      await work
      for (const name of [...pools.keys()]) closePool(name)
    },
  }

  async function volumesChanged() {
    // The catalogue is brought up to date by the same news.
    await delay(0)
    for (const [name, pool] of pools) {
      const volumes = volumesOf(name)
      if (volumes.some(volume => volume.isAvailable && !volume.isReadOnly)) {
        if (isIndexer && volumes.length > 0) forgetVolumes(pool, volumes)
        continue
      }
      for (const volume of volumes) setTrue(volume, false)
      closePool(name)
    }
    if (isIndexer) await takeAll()
  }

  function forgetVolumes(pool: OpenPool, volumes: readonly Volume[]) {
    for (const row of pool.index.store.volumes())
      if (!volumes.some(volume => volumeKey(volume).kind === row.kind && volume.name === row.name)) {
        trusted.delete(`${poolName(pool)}/${row.kind}/${row.name}`)
        pool.index.removeVolume(row)
      }
  }

  async function drop(name: string | null) {
    for (const [pool, { index }] of [...pools]) {
      if (name !== null && name !== pool) continue
      for (const volume of volumesOf(pool)) setTrue(volume, false, false)
      if (isIndexer) index.store.forgetAll()
      closePool(pool)
    }
    if (isIndexer) await takeAll()
  }
}

const changesAtOnce = 50

function volumeKey({ kind, name }: Volume): VolumeKey {
  return { kind: kind === 'home' ? 'homes' : 'shares', name }
}

function keyOf(volume: Volume): string {
  const { kind, name } = volumeKey(volume)
  return `${volume.pool}/${kind}/${name}`
}

export { etagOf, type Outside }
