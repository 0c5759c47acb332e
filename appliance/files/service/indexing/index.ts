import { unlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Events } from '../../../lib/events.ts'
import { errnoOf } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { FileStatus, readStatus } from '../../../lib/posix.ts'
import { randomToken } from '../../../lib/secret.ts'
import type { Changes } from '../../../storage/index.ts'
import type { Volume } from '../../schema.ts'
import type { ListedRow } from '../../store/index-store.ts'
import type { Folder } from '../folders.ts'
import { type Adopt, createAdopting } from './adopting.ts'
import { etagOf } from './etags.ts'
import { createFollower, type OutsideChange } from './follower.ts'
import { createOpenPools, type OpenPool } from './open-pools.ts'
import { type Change, createOwnChanges } from './own-changes.ts'
import type { VolumeKey } from './pool-index.ts'
import { createTrust, keyOf, volumeKey } from './trust.ts'

/** The name of `dropMark` in the data folder. */
export const indexDropMark = 'index-dropped'

export { etagOf } from './etags.ts'
export type { OutsideChange } from './follower.ts'
export type { Change } from './own-changes.ts'

declare module '../../../lib/events.ts' {
  interface EventMap {
    /** The index of this pool, or of all, is to be forgotten and made anew. */
    'files/index-dropped': { pool: string | null }
  }
}

export interface FolderFacts {
  etag: string
  /** Of all that lies below. */
  size: number
}

export interface IndexState {
  pool: string
  kind: VolumeKey['kind']
  name: string
  /** False: its folders are listed from the disk, and it is being caught up with. */
  isTrue: boolean
  entries: number
}

/** What is in the pools, known without asking the disk. */
export interface FileIndex {
  /** Of the folder with this inode. Where the index does not know it as it is, an etag that is like no other. */
  folder(volume: Volume, inode: number): FolderFacts
  /** Whether it says what the disk says, but for the last moments. */
  isTrue(volume: Volume): boolean
  /**
   * The entries of a folder by name, after `after`, in pages that are all of one moment; undefined where the index does
   * not know the folder as it is.
   */
  pages(volume: Volume, inode: number, after: string, limit: number): Generator<ListedRow[]> | undefined
  /** Awaited before a change is answered, so that every face shows it from then on. */
  changed(changes: readonly Change[]): Promise<unknown>
  /** Where the file or folder with this id is. */
  byId(volumes: readonly Volume[], id: number): { volume: Volume; path: string[] } | undefined
  state(): IndexState[]
  /** Gives what somebody else has put there a moment ago, and no feed has told yet, the id that it shall have. */
  identify(volume: Volume, folder: Folder, name: string): void
  /** Whether it is this process, of all servers, that keeps it right. */
  isServed(): boolean
  /** How much of each pool’s index this process keeps in memory, from now on. */
  keepInMemory(bytes: number): void
  /** Ends when every volume that is there can be relied on, or after so long. */
  settled(withinMs: number): Promise<void>
  start(): void
  stop(): Promise<void>
}

export interface IndexDeps {
  changes: Pick<Changes, 'since' | 'follow'>
  events: Events
  log: Log
  /** All volumes of the box, whoever may see them. */
  everyVolume(): readonly Volume[]
  adopt: Adopt
  /** Whether a process is one of ours; else that is found out. */
  isOwn?: (pid: number) => boolean
  /** A file that says, while it is there, that all indexes are to be made anew. */
  dropMark?: string
  /** Somebody else than our own processes has changed this. */
  onOutside?(change: OutsideChange): void
}

/**
 * The index: a cache of what the disk says, one for each pool, shared by all server processes. docs/index.md tells how it
 * is kept right.
 */
export function createFileIndex({ events, log, everyVolume, dropMark, ...deps }: IndexDeps): FileIndex {
  const stopping = new AbortController()
  const status = new FileStatus()
  const { signal } = stopping
  const trust = createTrust({ events, everyVolume })
  const pools = createOpenPools({ log, trust, everyVolume, onDoubt: volume => follower.takeLater(volume) })
  const own = createOwnChanges({ pools, adopting: createAdopting({ ...deps, pools, log }) })
  const follower = createFollower({ ...deps, trust, pools, log, everyVolume, signal })
  const unsubscribe: (() => void)[] = []
  const volumesOf = (pool: string) => everyVolume().filter(volume => volume.pool === pool)

  function isTrue(volume: Volume): boolean {
    if (!trust.has(volume)) return false
    const isWhole = pools.restingTop(volume)?.isWhole
    return isWhole ?? pools.ask(volume, ({ index, row }) => index.store.isWhole(row.number)) ?? false
  }

  function folder(volume: Volume, inode: number): FolderFacts {
    const top = trust.has(volume) ? pools.restingTop(volume) : undefined
    if (top?.isWhole && top.inode === inode) return { etag: top.etag, size: top.size }
    const found = pools.ask(volume, ({ index, row }) => index.store.folder(row.number, inode))
    if (!found) return { etag: etagOf(['unknown', inode, Date.now(), randomToken(64)]), size: 0 }
    const { etag, size } = found
    if (!isTrue(volume)) return { etag: etagOf(['unsettled', trust.period(volume), etag]), size }
    trust.endPeriod(volume)
    return { etag, size }
  }

  async function volumesChanged() {
    // The catalogue is brought up to date by the same news.
    await delay(0)
    for (const pool of pools.all()) lookAfter(pool)
    if (follower.isServed()) await follower.takeAll()
  }

  function lookAfter(pool: OpenPool) {
    const volumes = volumesOf(pool.name)
    if (volumes.some(volume => volume.isAvailable && !volume.isReadOnly)) {
      if (follower.isServed()) forgetVolumes(pool, volumes)
      return
    }
    for (const volume of volumes) trust.set(volume, false)
    pools.close(pool.name)
  }

  function forgetVolumes({ name, index }: OpenPool, volumes: readonly Volume[]) {
    const isThere = (key: VolumeKey) =>
      volumes.some(volume => volumeKey(volume).kind === key.kind && volume.name === key.name)
    for (const row of index.store.volumes().filter(one => !isThere(one))) {
      trust.forget(name, row)
      index.removeVolume(row)
    }
  }

  async function drop(name: string | null) {
    for (const pool of new Set(everyVolume().map(volume => volume.pool))) {
      if (name !== null && name !== pool) continue
      const [first, ...others] = volumesOf(pool)
      for (const volume of [first, ...others]) if (volume) trust.set(volume, false)
      if (first && follower.isServed()) pools.find(first)?.index.store.forgetAll()
      pools.close(pool)
    }
    if (follower.isServed()) await follower.takeAll()
  }

  /** Told while nothing ran. */
  function dropIfMarked() {
    try {
      if (dropMark === undefined) return
      unlinkSync(dropMark)
      events.publish('files/index-dropped', { pool: null })
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    }
  }

  const volumeAt = ({ pool, kind, name }: VolumeKey & { pool: string }) =>
    volumesOf(pool).find(one => keyOf(one) === `${pool}/${kind}/${name}`)

  function replaced(place: VolumeKey & { pool: string }) {
    const volume = volumeAt(place)
    if (!volume) return
    trust.set(volume, false)
    if (follower.isServed()) void follower.take(volume, true)
  }

  function restored({ path, ...place }: VolumeKey & { pool: string; path: string }) {
    const volume = volumeAt(place)
    const names = path.split('/').filter(Boolean)
    const name = names.pop()
    if (volume && name !== undefined)
      void own.changed([{ volume, folder: names, names: [name], isOwn: false }])
  }

  const safely = (act: () => Promise<void>) => () =>
    void act().catch(error => log.error('the index could not follow what changed', { error }))

  return {
    isTrue,
    folder,
    pages: (volume, inode, after, limit) =>
      isTrue(volume)
        ? pools.ask(volume, ({ index, row }) =>
            index.store.folder(row.number, inode) ? index.pages(row.number, inode, after, limit) : undefined,
          )
        : undefined,
    changed: own.changed,
    byId(volumes, id) {
      for (const volume of volumes) {
        const path = pools.ask(volume, ({ index, row }) => index.pathOfId(row.number, id))
        if (path) return { volume, path }
      }
      return undefined
    },
    identify(volume, folder, name) {
      if (!isTrue(volume) || !readStatus(folder.fd, '', status)) return
      const { inode } = status
      pools.ask(volume, ({ index, row }) => {
        const { store } = index
        // Where nothing else had the name, no id is to be had.
        if (!store.at(row.number, inode, name) && !store.vanishedAt(row.number, inode, name)) return
        if (!store.folder(row.number, inode)) return
        const isTop = index.top(row.number)?.inode === inode
        index.identify({ volume: row.number, inode, isTop, folder }, name)
      })
    },
    isServed: () => follower.isServed(),
    keepInMemory: pools.keepInMemory,
    state: () =>
      everyVolume().map(volume => ({
        pool: volume.pool,
        ...volumeKey(volume),
        isTrue: isTrue(volume),
        entries: pools.ask(volume, ({ index, row }) => index.store.count(row.number)) ?? 0,
      })),
    async settled(withinMs) {
      const isSettled = () =>
        everyVolume().every(volume => !volume.isAvailable || volume.isReadOnly || isTrue(volume))
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
      while (!isSettled() && !deadline.aborted) await trust.changed(deadline)
    },
    start() {
      unsubscribe.push(
        trust.start(follower.isServed, follower.takeLater),
        events.on('agent/connected', ({ isFirst }) => (isFirst ? undefined : follower.lost())),
        events.on('files/index-dropped', ({ pool }) => safely(() => drop(pool))()),
        events.on('storage/subvolume-replaced', replaced),
        events.on('shares/restored', restored),
        events.on('shares/changed', safely(volumesChanged)),
        events.on('storage/changed', safely(volumesChanged)),
      )
      follower.start()
      dropIfMarked()
    },
    async stop() {
      stopping.abort()
      for (const end of unsubscribe.splice(0)) end()
      await follower.stop()
      pools.closeAll()
    },
  }
}
