import { join } from 'node:path'
import { keepInMemory, openIndexDatabase } from '../../store/index-database.ts'
import { createIndexReaders } from '../../store/index-readers.ts'
import {
  createIndexStore,
  type EntryRow,
  type IndexStore,
  type ListedRow,
  type VolumeRow,
} from '../../store/index-store.ts'
import type { Folder } from '../folders.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createLooking, type Looked, type LookPlace } from './looking.ts'
import { createPlaces, type Places } from './places.ts'
import { createRounds, type LookListeners, type NameToLook, type OnLooked } from './rounds.ts'
import { createWalking, type RelistControl, type WalkControl } from './walking.ts'

export type { NameToLook, OnLooked } from './rounds.ts'

/** `shares/media`, `homes/ann`: how a volume is called in its pool. */
export interface VolumeKey {
  kind: 'shares' | 'homes'
  name: string
}

export type Look = (place: LookPlace, name: NameToLook) => Looked
export interface PoolIndex {
  store: IndexStore
  places: Places
  /** The volume's row, with its top; made where it is new. Undefined where its folder is away. */
  volume(key: VolumeKey): VolumeRow | undefined
  /** Reads anew which volumes there are, and their marks. */
  reload(): void
  volumeOf(subvolume: number): VolumeRow | undefined
  top(volume: number): EntryRow | undefined
  topPath(volume: number): string | undefined
  /** Looks at names in an open folder, in transactions of a few milliseconds. */
  look(place: LookPlace, names: Iterable<NameToLook>, onLooked?: OnLooked): Promise<void>
  /** The same in many folders, by their inodes. */
  lookIn(
    volume: number,
    byFolder: Iterable<readonly [number, readonly NameToLook[]]>,
    listeners: LookListeners,
  ): Promise<void>
  /** The same at once, within one transaction: for a few names. */
  lookNow(work: (look: Look) => void): void
  /** Gives what is at this name the identity that it shall have, and leaves the index as it is: its coming is still to be told. */
  identify(place: LookPlace, name: string): void
  /** Sees to it that the top of a volume carries the id that it is known by. */
  keepTop(place: LookPlace): void
  /** Whether nothing that is served has this name there. */
  isGone(place: LookPlace, name: string): boolean
  /** The path of the file or folder with this id in the volume. */
  pathOfId(volume: number, id: number): string[] | undefined
  /** Brings all that is below folders not listed yet into the index, those given or any of the volume. */
  listBelow(volume: number, folders: EntryRow[] | 'all', control: WalkControl): Promise<void>
  /** Finds which names have come to a folder or gone from it, and looks at those; false where it could not be opened. */
  relistNames(volume: number, inode: number, control?: RelistControl): Promise<boolean>
  /** Everything is listed anew; what is known meanwhile stays. */
  distrust(volume: number): Promise<void>
  /** The entries of a folder by name, after `after`, all of one moment. */
  pages(volume: number, inode: number, after: string, limit: number): Generator<ListedRow[]>
  /** Whether somebody is in the middle of a listing. */
  isReading(): boolean
  /** How much of it this process keeps in memory from now on. */
  keepInMemory(bytes: number): void
  removeVolume(volume: VolumeRow): void
  /** Forgets what lay below folders that have gone, some of it; false when there is no more. */
  forgetSome(): boolean
  close(): void
}

export interface PoolIndexDeps {
  /** Where the pool is mounted. */
  poolPath: string
  ownUid: number
  nowMs(): number
  cacheBytes?: number | undefined
}

const namesAtOnce = 500
const undone = new Error('the transaction is taken back')

/** The index of one pool as this process has it open. */
export function createPoolIndex({ poolPath, ownUid, nowMs, cacheBytes }: PoolIndexDeps): PoolIndex {
  const file = join(poolPath, 'index', 'files.db')
  const database = openIndexDatabase(file, cacheBytes)
  const store = createIndexStore(database)
  const readers = createIndexReaders(file)
  const volumes = new Map<string, VolumeRow>()
  const paths = new Map<number, string>()
  const places = createPlaces(store, topPath)
  const looking = createLooking({ store, places, ownUid, nowMs })

  function remember(row: VolumeRow): VolumeRow {
    volumes.set(`${row.kind}/${row.name}`, row)
    paths.set(row.number, join(poolPath, row.kind, row.name))
    return row
  }

  function reload() {
    volumes.clear()
    paths.clear()
    for (const row of store.volumes()) remember(row)
  }

  function topPath(volume: number): string | undefined {
    if (!paths.has(volume)) reload()
    return paths.get(volume)
  }

  function transaction<T>(work: (ledger: Ledger) => T): T {
    return store.write(() => {
      const ledger = createLedger(store, nowMs())
      const result = work(ledger)
      ledger.settle()
      return result
    })
  }

  function volume(key: VolumeKey): VolumeRow | undefined {
    const id = `${key.kind}/${key.name}`
    const known = volumes.get(id)
    if (known && top(known.number)) return known
    return transaction(ledger => {
      reload()
      const row = volumes.get(id) ?? remember(store.addVolume(key.kind, key.name))
      return top(row.number) || looking.lookAtTop(ledger, row.number) ? row : undefined
    })
  }

  const top = (number: number) => store.at(number, 0, '')
  const placeOf = (volume: number, inode: number, folder: Folder): LookPlace => ({
    volume,
    inode,
    isTop: top(volume)?.inode === inode,
    folder,
  })
  const rounds = createRounds({ store, places, looking, transaction, placeOf })
  const walking = createWalking({ store, places, looking, transaction, look: rounds.look, placeOf })

  function lookNow(work: (look: Look) => void) {
    transaction(ledger =>
      work((place, { name, ...options }) => {
        const looked = looking.look(ledger, place, name, options)
        looking.lookAtFolder(ledger, place)
        return looked
      }),
    )
  }

  function identify(place: LookPlace, name: string) {
    try {
      transaction(ledger => {
        looking.look(ledger, place, name)
        throw undone
      })
    } catch (error) {
      if (error !== undone) throw error
    }
  }

  /** What fits into one page is one look; else all pages are of the same moment. */
  function* pages(volume: number, inode: number, after: string, limit: number): Generator<ListedRow[]> {
    const only = store.page(volume, inode, after, limit)
    if (only.length < limit) {
      if (only.length > 0) yield only
      return
    }
    using reader = readers.begin()
    for (let rows = reader.page(volume, inode, after, limit); rows.length > 0; ) {
      yield rows
      rows = rows.length < limit ? [] : reader.page(volume, inode, rows.at(-1)?.[0] ?? '', limit)
    }
  }

  return {
    store,
    places,
    volume,
    reload,
    volumeOf(subvolume) {
      const find = () => [...volumes.values()].find(row => row.subvolume === subvolume)
      const known = find()
      if (known) return known
      reload()
      return find()
    },
    top,
    topPath,
    look: rounds.look,
    lookIn: rounds.lookIn,
    lookNow,
    identify,
    keepTop: looking.keepTop,
    isGone: looking.isGone,
    pathOfId(volume, id) {
      const row = store.byId(id).find(one => one.volume === volume)
      if (!row) return undefined
      if (row.parent === 0) return []
      const above = places.pathOf(volume, row.parent)
      return above && [...above, row.name]
    },
    listBelow: walking.listBelow,
    relistNames: walking.relistNames,
    distrust: walking.distrust,
    keepInMemory: bytes => keepInMemory(database, bytes),
    removeVolume(row) {
      transaction(ledger => {
        const found = top(row.number)
        if (found) ledger.remove(found)
        store.dropVolume(row.number)
      })
      reload()
    },
    forgetSome() {
      return store.write(() => {
        const orphan = store.anOrphan()
        if (!orphan) {
          store.forgetVanished(nowMs() - 60_000)
          return false
        }
        if (store.folder(orphan.volume, orphan.inode)) {
          // It is back.
          store.dropOrphan(orphan.volume, orphan.inode)
          return true
        }
        const some = store.someChildren(orphan.volume, orphan.inode, namesAtOnce)
        for (const row of some) {
          store.drop(row)
          if (row.isFolder) store.addOrphan(row.volume, row.inode)
        }
        if (some.length < namesAtOnce) store.dropOrphan(orphan.volume, orphan.inode)
        return true
      })
    },
    pages,
    isReading: readers.isReading,
    close() {
      readers.close()
      store.close()
    },
  }
}
