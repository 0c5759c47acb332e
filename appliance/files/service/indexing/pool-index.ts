import { opendirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../../../lib/failure.ts'
import { openIndexDatabase } from '../../store/index-database.ts'
import { createIndexReaders } from '../../store/index-readers.ts'
import {
  createIndexStore,
  type EntryRow,
  type IndexStore,
  type ListedRow,
  type VolumeRow,
} from '../../store/index-store.ts'
import { createBreather } from '../bursts.ts'
import type { Folder } from '../folders.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createLooking, type Looked, type LookOptions, type LookPlace } from './looking.ts'
import { createPlaces, type Places } from './places.ts'

/** `shares/media`, `homes/ann`: how a volume is called in its pool. */
export interface VolumeKey {
  kind: 'shares' | 'homes'
  name: string
}

export interface NameToLook extends LookOptions {
  name: string
}

/** Names in one folder. */
export interface LookGroup {
  open(): LookPlace | undefined
  names: Iterable<NameToLook>
}

export interface LookListeners {
  onLooked?: OnLooked | undefined
  /** A folder that is not where it was known to be. */
  onMissing?(inode: number, names: readonly NameToLook[]): void
}

export type Look = (place: LookPlace, name: NameToLook) => Looked
export type OnLooked = (looked: Looked, place: LookPlace, name: string) => void

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
  /** Sees to it that the top of a volume carries the id that it is known by. */
  keepTop(place: LookPlace): void
  /** Whether nothing that is served has this name there. */
  isGone(place: LookPlace, name: string): boolean
  /** The path of the file or folder with this id in the volume. */
  pathOfId(volume: number, id: number): string[] | undefined
  /** Brings all that is below folders not listed yet into the index, those given or any of the volume. */
  listBelow(volume: number, folders: EntryRow[] | 'all', control: WalkControl): Promise<void>
  /** Finds which names have come to a folder or gone from it, and looks at those; false where it could not be opened. */
  relistNames(volume: number, inode: number, onLooked?: OnLooked): Promise<boolean>
  /** Everything is listed anew; what is known meanwhile stays. */
  distrust(volume: number): Promise<void>
  /** The entries of a folder by name, after `after`, all of one moment. */
  pages(volume: number, inode: number, after: string, limit: number): Generator<ListedRow[]>
  /** Whether somebody is in the middle of a listing. */
  isReading(): boolean
  removeVolume(volume: VolumeRow): void
  /** Forgets what lay below folders that have gone, some of it; false when there is no more. */
  forgetSome(): boolean
  close(): void
}

export interface WalkControl {
  isLate?: boolean
  /** What is there came from another time than what is known. */
  isReplaced?: boolean
  onLooked?: OnLooked
  /** Our own faces have made all of it. */
  isOwn?: boolean
  signal?: AbortSignal
}

export interface PoolIndexDeps {
  /** Where the pool is mounted. */
  poolPath: string
  ownUid: number
  nowMs(): number
}

const sliceMs = 3
const namesAtOnce = 500
/** To list a folder that is closed to us, or that somebody moves about. */
const mostTries = 3

/** The index of one pool as this process has it open. */
export function createPoolIndex({ poolPath, ownUid, nowMs }: PoolIndexDeps): PoolIndex {
  const file = join(poolPath, 'index', 'files.db')
  const store = createIndexStore(openIndexDatabase(file))
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

  function lookNow(work: (look: Look) => void) {
    transaction(ledger =>
      work((place, { name, ...options }) => {
        const looked = looking.look(ledger, place, name, options)
        looking.lookAtFolder(place)
        return looked
      }),
    )
  }

  const look = (place: LookPlace, names: Iterable<NameToLook>, onLooked?: OnLooked) =>
    lookAll([{ open: () => place, names }], onLooked)

  /** As much in each transaction as a few milliseconds take. */
  async function lookAll(groups: Iterable<LookGroup>, onLooked?: OnLooked) {
    const breathe = createBreather()
    const rounds = roundsOf(groups)
    try {
      for (let next = rounds.next(); !next.done; ) {
        const done: [Looked, LookPlace, string][] = []
        transaction(ledger => {
          const endsAt = performance.now() + sliceMs
          // It may have gone between two transactions: what is in it belongs nowhere then.
          const gone = next.done || isKnown(next.value.place) ? undefined : next.value.place
          for (; !next.done && performance.now() < endsAt; next = rounds.next()) {
            const { place, name, options } = next.value
            if (place === gone) continue
            if (name === undefined) looking.lookAtFolder(place)
            else done.push([looking.look(ledger, place, name, options), place, name])
          }
        })
        for (const [looked, place, name] of done) onLooked?.(looked, place, name)
        await breathe()
      }
    } finally {
      rounds.return(undefined)
    }
  }

  const isKnown = ({ volume, inode }: LookPlace) => store.folder(volume, inode) !== undefined

  /** One name after the other; at the end of each folder the folder itself. */
  function* roundsOf(
    groups: Iterable<LookGroup>,
  ): Generator<{ place: LookPlace; name?: string; options: LookOptions }, undefined> {
    for (const { open, names } of groups) {
      const place = open()
      // It may be gone, or not known yet: then it is listed as a whole when it is.
      if (!place || !isKnown(place)) continue
      for (const { name, ...options } of names) yield { place, name, options }
      yield { place, options: {} }
    }
    return undefined
  }

  /** Opens the folder while it is looked into. */
  function* groupsIn(
    volume: number,
    byFolder: Iterable<readonly [number, readonly NameToLook[]]>,
    onMissing: LookListeners['onMissing'],
  ): Generator<LookGroup> {
    const topInode = top(volume)?.inode
    for (const [inode, names] of byFolder) {
      using folder = places.openFolder(volume, inode)
      if (folder) yield { open: () => ({ volume, inode, isTop: inode === topInode, folder }), names }
      else onMissing?.(inode, names)
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

  function placeOf(volume: number, inode: number, folder: Folder): LookPlace {
    return { volume, inode, isTop: top(volume)?.inode === inode, folder }
  }

  async function listBelow(
    volume: number,
    folders: EntryRow[] | 'all',
    { onLooked, isOwn = false, isReplaced = false, isLate = false, signal }: WalkControl,
  ) {
    const tries = new Map<number, number>()
    const isTried = ({ inode }: EntryRow) => (tries.get(inode) ?? 0) >= mostTries
    const more = () => store.unlisted(volume, namesAtOnce + tries.size).filter(row => !isTried(row))
    const waiting = folders === 'all' ? more() : [...folders]
    for (let row = waiting.pop(); row && !signal?.aborted; row = waiting.pop()) {
      const isListed = await listOne(row, { isOwn, isReplaced, isLate }, (looked, place, name) => {
        onLooked?.(looked, place, name)
        // A wide tree is found again by asking for what is not listed.
        if (looked.row?.isListed === 0 && (folders !== 'all' || waiting.length < namesAtOnce))
          waiting.push(looked.row)
      })
      if (!isListed) tries.set(row.inode, (tries.get(row.inode) ?? 0) + 1)
      if (waiting.length === 0 && folders === 'all') waiting.push(...more())
    }
  }

  /** False where it cannot be entered: it is not listed until it belongs to us. Or where it is elsewhere, or gone. */
  async function listOne(
    { volume, inode }: EntryRow,
    options: LookOptions,
    onLooked: OnLooked,
  ): Promise<boolean> {
    using folder = places.openFolder(volume, inode)
    if (folder) {
      const place = placeOf(volume, inode, folder)
      const isNew = store.someChildren(volume, inode, 1).length === 0
      let isClosed = false
      try {
        await look(place, namesIn(folder, options), (looked, at, name) => {
          isClosed ||= looked.kind === 'closed'
          onLooked(looked, at, name)
        })
      } catch (error) {
        if (errnoOf(error) !== 'EACCES') throw error
        isClosed = true
      }
      if (isClosed) return false
      if (!isNew) await lookAtMissing(place, onLooked)
    } else {
      if (!places.isClosed(volume, inode)) await lookForLost(volume, inode, onLooked)
      return false
    }
    store.write(() => store.setListed(volume, inode, true))
    return true
  }

  /** Not where it was known to be: what is there instead, of it or of a folder above it, is taken in. */
  async function lookForLost(volume: number, inode: number, onLooked: OnLooked) {
    const row = store.folder(volume, inode)
    if (!row) return
    if (!places.pathOf(volume, inode))
      // Part of something that has gone. What finds it elsewhere will list it.
      return transaction(ledger => ledger.remove(row))
    using above = places.openFolder(volume, row.parent)
    if (!above) return lookForLost(volume, row.parent, onLooked)
    await look(placeOf(volume, row.parent, above), [{ name: row.name }], onLooked)
  }

  async function lookAtMissing(place: LookPlace, onLooked?: OnLooked) {
    const gone = store
      .names(place.volume, place.inode)
      .filter(name => looking.isGone(place, name))
      .map(name => ({ name }))
    await look(place, gone, onLooked)
  }

  async function relistNames(volume: number, inode: number, onLooked?: OnLooked) {
    using folder = places.openFolder(volume, inode)
    if (!folder) return false
    const place = placeOf(volume, inode, folder)
    const known = new Set(store.names(volume, inode))
    const fresh: NameToLook[] = []
    try {
      for (const name of namesIn(folder, { isWritten: false })) if (!known.delete(name.name)) fresh.push(name)
    } catch (error) {
      if (errnoOf(error) !== 'EACCES') throw error
      return false
    }
    await look(place, fresh, onLooked)
    await look(
      place,
      [...known].map(name => ({ name })),
      onLooked,
    )
    return true
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
    look,
    lookIn: (volume, byFolder, { onLooked, onMissing }) =>
      lookAll(groupsIn(volume, byFolder, onMissing), onLooked),
    lookNow,
    keepTop: looking.keepTop,
    isGone: looking.isGone,
    pathOfId(volume, id) {
      const row = store.byId(id).find(one => one.volume === volume)
      if (!row) return undefined
      if (row.parent === 0) return []
      const above = places.pathOf(volume, row.parent)
      return above && [...above, row.name]
    },
    listBelow,
    relistNames,
    async distrust(volume) {
      const breathe = createBreather()
      for (let after = -1; ; ) {
        const some = store.folders(volume, after, namesAtOnce)
        store.write(() => {
          for (const { inode } of some) store.setListed(volume, inode, false)
        })
        const last = some.at(-1)
        if (!last) return
        after = last.inode
        await breathe()
      }
    },
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

/**
 * One after the other, however many there are. A name that is no UTF-8 is found under no name. Nobody has told what
 * happened to them, so what was changed at all may have been written.
 */
function* namesIn(folder: Folder, options: LookOptions = {}): Generator<NameToLook> {
  const directory = opendirSync(folder.path, { bufferSize: namesAtOnce })
  try {
    for (let entry = directory.readSync(); entry; entry = directory.readSync())
      yield { name: entry.name, isWritten: true, ...options }
  } finally {
    directory.closeSync()
  }
}
