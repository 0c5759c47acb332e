import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { errnoOf } from '../../../lib/failure.ts'
import { closeDescriptor, FileStatus, readStatus } from '../../../lib/posix.ts'
import { parseChecksums } from '../../parse/checksums.ts'
import type { EntryRow, IndexStore } from '../../store/index-store.ts'
import { sourceOfArriving } from '../arriving.ts'
import { giveIdentity, type Identity, newIdentity, nextIdentity, readIdentity } from '../ids.ts'
import { linkedId, writeLinks } from '../linked-ids.ts'
import { keepLink, linkIdentity } from './links.ts'
import type { LookOptions, LookPlace } from './looking.ts'
import { mostLevels, openAlong, type Places } from './places.ts'

export interface IdentifyingDeps {
  store: IndexStore
  places: Places
  /** Of what is being looked at. */
  status: FileStatus
  nowMs(): number
}

/** What is known of the name and the inode that are being looked at. */
interface Context extends LookOptions {
  before: EntryRow | undefined
  /** The same inode under a name that it no longer has. */
  moved: EntryRow | undefined
  /** The same inode under names that it still has. */
  stays: readonly EntryRow[]
}

/** Who asks whether an id is taken: what is being looked at. */
interface Asker extends Located {
  isOwn: boolean | undefined
}

type Located = Pick<EntryRow, 'volume' | 'parent' | 'name' | 'inode'>

/** What vanishes from a name and comes back to it so soon is still the same file. */
export const momentsMs = 10_000
/** Of larger ones, which would be read for too long, it is believed. */
const mostSummedBytes = 4 * 1024 * 1024

/** Decides which id and generation a name has, and sees to it that the file carries them (docs/index.md, "Ids"). */
export function createIdentifying({ store, places, status, nowMs }: IdentifyingDeps) {
  const other = new FileStatus()

  /** Numbers of inodes come again when a share goes back to a snapshot. */
  function isOf(row: EntryRow | undefined): row is EntryRow {
    if (row?.inode !== status.inode || row.born !== status.bornSeconds) return false
    return (row.isFolder === 1) === (status.kind === 'folder')
  }

  function identityFor(place: LookPlace, name: string, context: Context): Identity | undefined {
    // Of several names of a file, the inode carries the id of the first.
    const hasOthers = context.stays.length > 0 || (status.kind === 'file' && status.links > 1)
    const carried = carriedBy(place, name, context, hasOthers)
    const wanted = wantedIdentity(place, name, carried, context)
    const kept = carried && hasOthers ? { ...wanted, id: carried.id } : wanted
    if (kept.id !== wanted.id && keepLink(place.folder, name, { id: wanted.id, folderId: idOf(place) }))
      readStatus(place.folder.fd, name, status)
    if (carried && carried.id === kept.id && carried.generation === kept.generation) return wanted
    if (!giveIdentity(place.folder, name, kept))
      return carried && carried.id === kept.id ? { ...carried, id: wanted.id } : undefined
    readStatus(place.folder.fd, name, status)
    return wanted
  }

  /** Not what was copied onto it with all its names: else one of them would take the id of the original. */
  function carriedBy(place: LookPlace, name: string, context: Context, hasOthers: boolean) {
    const carried = readIdentity(place.folder.at(name))
    if (!carried || !hasOthers) return carried
    const { before, moved, stays, isOwn } = context
    const isKnown = [before, moved, ...stays].some(row => isOf(row) && row.id === carried.id)
    if (isKnown || linkedId(place.folder, name) !== undefined) return carried
    if (!hasOtherBearer(carried.id, askerAt(place, name, isOwn))) return carried
    writeLinks(place.folder, name, [])
    readStatus(place.folder.fd, name, status)
    return undefined
  }

  const idOf = ({ volume, inode }: LookPlace) => store.folder(volume, inode)?.id ?? 0

  function wantedIdentity(
    place: LookPlace,
    name: string,
    carried: Identity | undefined,
    { before, moved, stays, ...options }: Context,
  ): Identity {
    const { isLate, isOwn, isReplaced: isFromElsewhere } = options
    const isFolder = status.kind === 'folder'
    const asker = askerAt(place, name, isOwn)
    const same = isOf(before) && before.id !== 0 ? before : undefined
    const asKnown = (row: EntryRow): Identity => {
      if (carried?.id !== row.id) return { id: row.id, generation: row.generation }
      // Its share went back to a snapshot: what generations came in between must not come again.
      return carried.generation < row.generation && isFromElsewhere ? nextIdentity(row) : carried
    }
    const outdated = (row: EntryRow, known: Identity) =>
      isSilentlyChanged(row, known, options) && !isAsAcknowledged(place, name, row, isLate)
        ? nextIdentity(known)
        : known
    if (stays.length > 0) {
      const known = linkIdentity({ place, name, carried: carried ?? newIdentity(), row: same, stays, store })
      return same ? outdated(same, known) : known
    }
    // Also where it carries another's, since root copied that one's attributes onto it.
    if (same) return outdated(same, asKnown(same))
    const isReplaced = before && !before.isFolder && !isFolder && before.id !== 0 && !isOwn
    const replaced = isReplaced ? before : undefined
    // With an id, and from out of our sight: so our own faces have put it there, and have not told yet. Or a power cut has
    // taken away what they put there last. What came back from a snapshot is of an earlier generation.
    const isEarlier =
      carried && carried.id === replaced?.id && carried.generation < replaced.generation && !isLate
    const isFree = carried && !isEarlier && !hasOtherBearer(carried.id, asker)
    const cameFrom = moved?.name ?? (carried && nameAMomentAgo(carried.id))
    const isPlaced = () => isFree && (cameFrom === undefined || arrivalAt(asker) !== undefined)
    if (replaced && !isPlaced() && isTemporary(cameFrom ?? name, isLate)) return nextIdentity(replaced)
    if (moved && moved.id !== 0) return outdated(moved, asKnown(moved))
    const linked = carried && !isFolder ? linkedId(place.folder, name) : undefined
    if (carried && linked !== undefined && !hasOtherBearer(linked, asker))
      return { id: linked, generation: carried.generation }
    if (isFree) return carried
    if (replaced) return nextIdentity(replaced)
    const vanished = carried || isFolder ? undefined : store.vanishedAt(place.volume, place.inode, name)
    if (vanished && vanished.atMs > nowMs() - momentsMs && !hasOtherBearer(vanished.id, asker))
      return nextIdentity(vanished)
    return newIdentity()
  }

  /** Of what was already missed there, before it was found under its new name. */
  function nameAMomentAgo(id: number): string | undefined {
    return store.vanishedOf(id).find(({ atMs }) => atMs > nowMs() - momentsMs)?.name
  }

  /**
   * Somebody wrote into it, and set its time back or was done within the same instant. Or set its time back only after it
   * had been looked at: else it would have the etag of what it was at that time.
   */
  function isSilentlyChanged(
    row: EntryRow,
    { generation }: Identity,
    { isWritten, isLate, isOwn }: LookOptions,
  ): boolean {
    if (row.isFolder === 1 || isOwn || generation !== row.generation) return false
    const changed = status.changedSeconds - row.changed || status.changedNanoseconds - row.changedNs
    if (isLate && changed <= 0) return false
    const later = status.modifiedSeconds - row.modified || status.modifiedNanoseconds - row.modifiedNs
    return later < 0 || (later === 0 && isWritten === true && row.size > 0 && row.size === status.sizeBytes)
  }

  /**
   * A power cut may have come while our own faces were taking it away again, which shows in its ctime only. Then it is as
   * they wrote it, and as they have acknowledged it. Or somebody wrote into it after them: that the checksum tells.
   */
  function isAsAcknowledged(
    { folder }: LookPlace,
    name: string,
    row: EntryRow,
    isLate: boolean | undefined,
  ): boolean {
    if (!isLate || row.checksums === null || !store.isTouched(row)) return false
    const sum = row.size <= mostSummedBytes ? parseChecksums(row.checksums).SHA1 : undefined
    if (sum === undefined) return true
    try {
      const fd = folder.open(name)
      try {
        return hash('sha1', readFileSync(fd)) === sum
      } finally {
        closeDescriptor(fd)
      }
    } catch (error) {
      if (errnoOf(error) === 'EACCES') return true
      throw error
    }
  }

  /**
   * A temporary file that takes the place of the real one: rsync, editors, downloads. Or one that was just made; which
   * says nothing long after it happened, since it may have been our own face that moved it.
   */
  function isTemporary(name: string, isLate = false): boolean {
    return /^[.~#]|~$|\.(tmp|temp|part|partial|crdownload|new)$/i.test(name) || (!isLate && isYoung())
  }

  function isYoung(): boolean {
    return status.bornSeconds > 0 && status.bornSeconds * 1000 > nowMs() - momentsMs
  }

  const askerAt = (place: LookPlace, name: string, isOwn: boolean | undefined): Asker => ({
    volume: place.volume,
    parent: place.inode,
    name,
    inode: status.inode,
    isOwn,
  })

  /**
   * Whether another inode has this id: then what carries it too is a copy. Not where our own faces bring it from another
   * volume: then there are two of it until the one over there has been removed.
   */
  function hasOtherBearer(id: number, asker: Asker): boolean {
    const mayBeThere = (row: EntryRow) => {
      const found = whereIs(row)
      // What our own faces moved took its id along, with all that is in it.
      return found === 'there' || (found === 'astray' && !asker.isOwn)
    }
    return store
      .byId(id)
      .some(
        row =>
          !(row.volume === asker.volume && row.inode === asker.inode) &&
          mayBeThere(row) &&
          !isArrival(asker, row) &&
          !isArrival(row, asker),
      )
  }

  /** Whether the one is arriving from where the other is. */
  function isArrival(one: Located, other: Located): boolean {
    if (one.volume === other.volume) return false
    const source = arrivalAt(one)
    return source !== undefined && isWithin(other, source)
  }

  /** The inode of what it is copied from, itself or with a folder above it; undefined where it is not arriving. */
  function arrivalAt({ volume, parent, name }: Located): number | undefined {
    const [top, above] = [places.topOf(volume), places.pathOf(volume, parent)]
    if (top === undefined || !above) return undefined
    for (const [depth, one] of [...above, name].entries()) {
      using folder = openAlong(top, above.slice(0, depth))
      const source = folder && sourceOfArriving(folder, one)
      if (source !== undefined) return source
    }
    return undefined
  }

  /** Whether it has this inode, or a folder above it has. */
  function isWithin({ volume, parent, inode }: Located, wanted: number): boolean {
    if (inode === wanted || parent === wanted) return true
    let row = store.folder(volume, parent)
    for (let levels = 0; row && row.parent !== 0 && levels < mostLevels; levels++) {
      if (row.parent === wanted) return true
      row = store.folder(volume, row.parent)
    }
    return false
  }

  /** One more name of the file that is being looked at. */
  function staysThere(row: EntryRow): boolean {
    const found = whereIs(row)
    return found === 'there' || (found === 'astray' && status.kind === 'file' && status.links > 1)
  }

  /** `astray`: its folder has been moved, or taken away with it; that will be told. */
  function whereIs(row: EntryRow): 'there' | 'gone' | 'astray' {
    using folder = places.openFolder(row.volume, row.parent)
    if (!folder) return places.pathOf(row.volume, row.parent) ? 'astray' : 'gone'
    try {
      return readStatus(folder.fd, row.name, other) && other.inode === row.inode ? 'there' : 'gone'
    } catch (error) {
      if (errnoOf(error) === 'EACCES') return 'astray'
      throw error
    }
  }

  return { identityFor, staysThere, isOf }
}
