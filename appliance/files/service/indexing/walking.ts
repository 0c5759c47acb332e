import { type Dirent, opendirSync } from 'node:fs'
import { errnoOf } from '../../../lib/failure.ts'
import type { EntryRow, IndexStore } from '../../store/index-store.ts'
import { createBreather } from '../bursts.ts'
import type { Folder } from '../folders.ts'
import type { Ledger } from './ledger.ts'
import type { Looking, LookOptions, LookPlace } from './looking.ts'
import type { Places } from './places.ts'
import type { NameToLook, OnLooked } from './rounds.ts'
import { sumOfEntries } from './sums.ts'

export interface WalkControl {
  isLate?: boolean
  /** What is there came from another time than what is known. */
  isReplaced?: boolean
  onLooked?: OnLooked | undefined
  /** Our own faces have made all of it. */
  isOwn?: boolean
  signal?: AbortSignal
}

export type RelistControl = Pick<WalkControl, 'isLate' | 'onLooked'>

export interface WalkingDeps {
  store: IndexStore
  places: Places
  looking: Looking
  transaction<T>(work: (ledger: Ledger) => T): T
  look(place: LookPlace, names: Iterable<NameToLook>, onLooked?: OnLooked): Promise<void>
  placeOf(volume: number, inode: number, folder: Folder): LookPlace
}

const namesAtOnce = 500
/** To list a folder that is closed to us, or that somebody moves about. */
const mostTries = 3

/** Lists folders, so that the index has all that is in them. */
export function createWalking({ store, places, looking, transaction, look, placeOf }: WalkingDeps) {
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
    const { isLate = false } = options
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
      if (!isNew) await lookAtMissing(place, { isLate, onLooked })
    } else {
      if (!places.isClosed(volume, inode)) await lookForLost(volume, inode, { isLate, onLooked })
      return false
    }
    transaction(ledger => {
      store.setListed(volume, inode, true)
      const row = store.folder(volume, inode)
      if (row) ledger.correct(row, sumOfEntries(store, volume, inode))
    })
    return true
  }

  /** Not where it was known to be: what is there instead, of it or of a folder above it, is taken in. */
  async function lookForLost(volume: number, inode: number, control: RelistControl) {
    const row = store.folder(volume, inode)
    if (!row) return
    if (!places.pathOf(volume, inode))
      // Part of something that has gone. What finds it elsewhere will list it, and so the folder that it lay in.
      return transaction(ledger => {
        ledger.remove(row)
        store.setListed(volume, row.parent, false)
      })
    using above = places.openFolder(volume, row.parent)
    if (!above) return lookForLost(volume, row.parent, control)
    const { isLate = false, onLooked } = control
    await look(placeOf(volume, row.parent, above), [{ name: row.name, isLate }], onLooked)
  }

  async function lookAtMissing(place: LookPlace, { isLate = false, onLooked }: RelistControl) {
    const gone = store
      .names(place.volume, place.inode)
      .filter(name => looking.isGone(place, name))
      .map(name => ({ name, isLate }))
    await look(place, gone, onLooked)
  }

  async function relistNames(
    volume: number,
    inode: number,
    { isLate = false, onLooked }: RelistControl = {},
  ) {
    using folder = places.openFolder(volume, inode)
    if (!folder) return false
    const place = placeOf(volume, inode, folder)
    const known = new Set(store.names(volume, inode))
    const fresh: NameToLook[] = []
    try {
      for (const name of namesIn(folder, { isWritten: false, isLate }))
        if (!known.delete(name.name)) fresh.push(name)
    } catch (error) {
      if (errnoOf(error) !== 'EACCES') throw error
      return false
    }
    await look(place, fresh, onLooked)
    await look(
      place,
      [...known].map(name => ({ name, isLate })),
      onLooked,
    )
    return true
  }

  /** Everything is listed anew; what is known meanwhile stays. */
  async function distrust(volume: number) {
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
  }

  return { listBelow, relistNames, distrust }
}

/**
 * One after the other, however many there are. A name that is no UTF-8 is found under no name. Nobody has told what
 * happened to them, so what was changed at all may have been written.
 */
function* namesIn(folder: Folder, options: LookOptions = {}): Generator<NameToLook> {
  const directory = opendirSync(folder.path, { bufferSize: namesAtOnce })
  try {
    for (let entry = directory.readSync(); entry; entry = directory.readSync())
      if (!isNeverServed(entry)) yield { name: entry.name, isWritten: true, ...options }
  } finally {
    directory.closeSync()
  }
}

/** Under such a name there is nothing. Some filesystems do not tell what an entry is. */
function isNeverServed(entry: Dirent): boolean {
  return (
    entry.isSymbolicLink() ||
    entry.isFIFO() ||
    entry.isSocket() ||
    entry.isCharacterDevice() ||
    entry.isBlockDevice()
  )
}
