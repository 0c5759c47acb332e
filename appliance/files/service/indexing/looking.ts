import { errnoOf } from '../../../lib/failure.ts'
import { FileStatus, readStatus } from '../../../lib/posix.ts'
import type { EntryRow, IndexStore } from '../../store/index-store.ts'
import { readChecksumText } from '../checksums.ts'
import type { Folder } from '../folders.ts'
import {
  assignIdentity,
  fileEtag,
  giveIdentity,
  type Identity,
  newIdentity,
  nextIdentity,
  readIdentity,
} from '../ids.ts'
import { isHidden } from '../tree.ts'
import { bytesOf, folderEtag, type Sum, sumIn } from './etags.ts'
import { createIdentifying, momentsMs } from './identifying.ts'
import type { Ledger } from './ledger.ts'
import { openAlong, type Places } from './places.ts'
import { sumOfEntries } from './sums.ts'

/** An open folder of a volume. */
export interface LookPlace {
  volume: number
  inode: number
  /** The top of the volume, which holds what is ours. */
  isTop: boolean
  folder: Folder
}

export interface Looked {
  /** `closed`: not to be seen by us, though it may be there; it stays as it was known. */
  kind: 'same' | 'new' | 'changed' | 'moved' | 'gone' | 'nothing' | 'closed'
  row: EntryRow | undefined
  before: EntryRow | undefined
  /** It belongs to another account: to be given to ours. */
  isForeign: boolean
}

export interface LookOptions {
  /** Its content may have changed even where size and time are the same. */
  isWritten?: boolean
  /** Looked at long after it happened: what the index took in since its mark, it has seen as it is. */
  isLate?: boolean
  /** The volume is another one than was known, from another time. */
  isReplaced?: boolean
  /** Our own faces have given it the identity that it shall have. */
  isOwn?: boolean
}

export interface LookDeps {
  store: IndexStore
  places: Places
  ownUid: number
  nowMs(): number
}

/** So many files whose time somebody set and who are still to be closed. */
const maxUnwritten = 1000

/**
 * Looks at a name and brings the index in line with what is there. Only within a write transaction: whoever looks last
 * has seen the newest.
 */
export function createLooking({ store, places, ownUid, nowMs }: LookDeps) {
  const status = new FileStatus()
  const { identityFor, staysThere, isOf } = createIdentifying({ store, places, status, nowMs })
  /** Of files whose ctime changed and nothing else, as far as was told: as they were before. */
  const unwritten = new Map<string, EntryRow>()

  function look(ledger: Ledger, place: LookPlace, name: string, options: LookOptions = {}): Looked {
    const before = beforeItsTimes(store.at(place.volume, place.inode, name), options)
    const found = lookFor(place, name)
    if (found === 'closed') return { kind: 'closed', row: before, before, isForeign: false }
    if (found === 'gone') return gone(ledger, before, options)
    const isForeign = status.uid !== ownUid
    if (before && isUnchanged(before)) return { kind: 'same', row: before, before, isForeign }
    const hasOthers = before?.inode !== status.inode || (status.kind === 'file' && status.links > 1)
    const elsewhere = hasOthers
      ? store.byInode(place.volume, status.inode).filter(row => !isAt(row, place, name))
      : []
    const stays = elsewhere.filter(row => staysThere(row))
    const moved = elsewhere.find(row => !stays.includes(row) && isOf(row))
    const identity = identityFor(place, name, { before, moved, stays, ...options })
    for (const row of elsewhere)
      if (!stays.includes(row))
        ledger.remove(row, { isMoved: row === moved, isOwn: options.isOwn || options.isLate })
    const row = rowOf(ledger, place, name, { identity, before, moved })
    keepUnwritten(before, row, options)
    if (before && isSameRow(before, row)) return { kind: 'same', row: before, before, isForeign }
    ledger.put(row, before)
    lookAtOtherNames(ledger, stays, row)
    if (moved) displaceCopies(ledger, row)
    const kind = moved ? 'moved' : before ? 'changed' : 'new'
    return { kind, row, before: moved ?? before, isForeign }
  }

  function lookFor({ isTop, folder }: LookPlace, name: string): 'there' | 'gone' | 'closed' {
    if (isTop && isHidden([], name)) return 'gone'
    try {
      return readStatus(folder.fd, name, status) && status.kind !== 'other' ? 'there' : 'gone'
    } catch (error) {
      if (errnoOf(error) === 'EACCES') return 'closed'
      throw error
    }
  }

  function isUnchanged(row: EntryRow): boolean {
    return (
      row.inode === status.inode &&
      row.id !== 0 &&
      row.changed === status.changedSeconds &&
      row.changedNs === status.changedNanoseconds &&
      (row.isFolder === 1 || row.size === status.sizeBytes)
    )
  }

  /**
   * Who writes, sets the time back and then closes is told of in this order: first a new ctime, then that it was written.
   * The second look must still find what the first one took in.
   */
  function beforeItsTimes(row: EntryRow | undefined, { isWritten, isLate }: LookOptions) {
    if (!row || !isWritten || isLate) return row
    const earlier = unwritten.get(keyOf(row))
    unwritten.delete(keyOf(row))
    return earlier?.etag === row.etag
      ? { ...row, changed: earlier.changed, changedNs: earlier.changedNs }
      : row
  }

  function keepUnwritten(before: EntryRow | undefined, row: EntryRow, options: LookOptions) {
    if (options.isOwn || options.isLate || options.isWritten || row.isFolder) return
    if (!isOf(before) || before.etag !== row.etag) return
    if (unwritten.has(keyOf(row))) return
    unwritten.set(keyOf(row), before)
    const [oldest] = unwritten.keys()
    if (unwritten.size > maxUnwritten && oldest !== undefined) unwritten.delete(oldest)
  }

  function gone(ledger: Ledger, before: EntryRow | undefined, { isOwn, isLate }: LookOptions): Looked {
    if (!before) return { kind: 'nothing', row: undefined, before, isForeign: false }
    // Long after it happened it may have been our own face that took it away.
    const isForGood = isOwn || isLate
    ledger.remove(before, { isOwn: isForGood })
    if (!before.isFolder && !isForGood) passOn(ledger, before)
    return { kind: 'gone', row: undefined, before, isForeign: false }
  }

  /**
   * Vim and Office first rename a file away, then write the new one, then remove the old one: when that goes, its id goes
   * back to the name that had it a moment ago.
   */
  function passOn(ledger: Ledger, gone: EntryRow) {
    if (gone.id === 0) return
    for (const { volume, parent, name, atMs, generation } of store.vanishedOf(gone.id)) {
      if (
        atMs < nowMs() - momentsMs ||
        (volume === gone.volume && parent === gone.parent && name === gone.name)
      )
        continue
      const heir = store.at(volume, parent, name)
      if (!heir || heir.isFolder || store.byId(gone.id).length > 0) continue
      const identity = nextIdentity({ id: gone.id, generation: Math.max(generation, gone.generation) })
      if (reidentify(ledger, heir, identity)) return
    }
  }

  /**
   * What was copied with its attributes into another share, and found there before its original was found where that had
   * been moved to, was taken for the original.
   */
  function displaceCopies(ledger: Ledger, { volume, inode, id }: EntryRow) {
    if (id === 0) return
    const copies = store.byId(id).filter(row => row.volume !== volume || row.inode !== inode)
    for (const copy of copies) reidentify(ledger, copy, newIdentity())
  }

  /** False where it is no longer what is known, or cannot be written. `status` tells of it afterwards. */
  function reidentify(ledger: Ledger, row: EntryRow, identity: Identity): boolean {
    const { volume, parent: inode, name } = row
    using folder = places.openFolder(volume, inode)
    if (!folder || !readStatus(folder.fd, name, status) || status.inode !== row.inode) return false
    if (!giveIdentity(folder, name, identity) || !readStatus(folder.fd, name, status)) return false
    const place = { volume, inode, isTop: false, folder }
    ledger.put(rowOf(ledger, place, name, { identity, before: row, moved: undefined }), row)
    return true
  }

  function rowOf(
    ledger: Ledger,
    { volume, inode: parent, folder }: LookPlace,
    name: string,
    known: { identity: Identity | undefined; before: EntryRow | undefined; moved: EntryRow | undefined },
  ): EntryRow {
    const { id, generation } = known.identity ?? { id: 0, generation: 0 }
    const isFolder = status.kind === 'folder'
    const same = isOf(known.before) ? known.before : known.moved
    const inside = isFolder ? insideOf(ledger, volume, same) : undefined
    const time = { modified: status.modifiedSeconds, modifiedNs: status.modifiedNanoseconds }
    const etag = inside ? folderEtag(id, inside.sum, time) : fileEtag(known.identity, status)
    return {
      volume,
      parent,
      name,
      inode: status.inode,
      isFolder: isFolder ? 1 : 0,
      id,
      generation,
      etag,
      size: inside ? inside.size : status.sizeBytes,
      ...time,
      changed: status.changedSeconds,
      changedNs: status.changedNanoseconds,
      born: status.bornSeconds,
      sum: inside ? bytesOf(inside.sum) : null,
      isListed: inside ? inside.isListed : 1,
      checksums: inside ? null : (readChecksumText(folder.at(name), etag) ?? null),
    }
  }

  /** A folder that is new here: of what may still be known from an earlier time it lists nothing yet. */
  function insideOf(
    ledger: Ledger,
    volume: number,
    same: EntryRow | undefined,
  ): { sum: Sum; size: number; isListed: 0 | 1 } {
    store.dropOrphan(volume, status.inode)
    if (same?.isFolder) return { sum: sumIn(same.sum), size: same.size, isListed: same.isListed }
    ledger.discard(volume, status.inode)
    return { ...sumOfEntries(store, volume, status.inode), isListed: 0 }
  }

  /** What is written under one name of a file shows under all of them. */
  function lookAtOtherNames(ledger: Ledger, stays: readonly EntryRow[], { generation }: EntryRow) {
    for (const row of stays) {
      const now: EntryRow = {
        ...row,
        generation,
        size: status.sizeBytes,
        modified: status.modifiedSeconds,
        modifiedNs: status.modifiedNanoseconds,
        changed: status.changedSeconds,
        changedNs: status.changedNanoseconds,
        etag: fileEtag({ id: row.id, generation }, status),
        checksums: null,
      }
      if (!isSameRow(row, now)) ledger.put(now, row)
    }
  }

  /** The folder itself: its time goes with what is put into it and taken out of it. */
  function lookAtFolder(ledger: Ledger, { volume, inode, folder }: LookPlace) {
    const row = store.folder(volume, inode)
    if (!row || !readStatus(folder.fd, '', status)) return
    if (row.modified !== status.modifiedSeconds || row.modifiedNs !== status.modifiedNanoseconds)
      ledger.setModified(row, status)
  }

  /** The top of a volume, which no folder names. False where it is away. */
  function lookAtTop(ledger: Ledger, volume: number): boolean {
    const path = places.topOf(volume)
    using top = path === undefined ? undefined : openAlong(path, [])
    if (!top || !readStatus(top.fd, '', status)) return false
    const identity = readIdentity(top.path) ?? assignIdentity(top, '')
    if (!readStatus(top.fd, '', status)) return false
    const place = { volume, inode: 0, isTop: false, folder: top }
    ledger.put(rowOf(ledger, place, '', { identity, before: undefined, moved: undefined }), undefined)
    return true
  }

  /** The top of a volume stays what it is, also where root copied the attributes of another folder onto it. */
  function keepTop({ volume, inode, folder }: LookPlace) {
    const row = store.folder(volume, inode)
    if (row && row.id !== 0 && readIdentity(folder.path)?.id !== row.id) giveIdentity(folder, '.', row)
  }

  return {
    look,
    lookAtFolder,
    lookAtTop,
    keepTop,
    isGone: (place: LookPlace, name: string) => lookFor(place, name) === 'gone',
  }
}

function keyOf({ volume, parent, name }: EntryRow): string {
  return `${volume}/${parent}/${name}`
}

function isAt(row: EntryRow, { inode }: LookPlace, name: string): boolean {
  return row.parent === inode && row.name === name
}

function isSameRow(one: EntryRow, other: EntryRow): boolean {
  return (
    one.inode === other.inode &&
    one.id === other.id &&
    one.generation === other.generation &&
    one.etag === other.etag &&
    one.size === other.size &&
    one.changed === other.changed &&
    one.changedNs === other.changedNs &&
    one.checksums === other.checksums
  )
}

export type Looking = ReturnType<typeof createLooking>
