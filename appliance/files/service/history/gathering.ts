import { hash } from 'node:crypto'
import { rmdirSync } from 'node:fs'
import { errnoOf } from '../../../lib/failure.ts'
import { FileStatus, openFlags, readStatus } from '../../../lib/posix.ts'
import {
  type Arrivals,
  isOfAnEarlierBurst,
  isQuiet,
  isSeveralBursts,
  originalName,
} from '../../plan/gathering.ts'
import { itemName } from '../../plan/trash.ts'
import type { Entry, Volume } from '../../schema.ts'
import { createBreather } from '../bursts.ts'
import { sayingAsync } from '../failures.ts'
import { type Folder, openVolume } from '../folders.ts'
import { readIdentity } from '../ids.ts'
import { readNames } from '../listing.ts'
import { exclusively } from '../workspace.ts'
import { type About, moveInto, type TrashItem, wrapped } from './items.ts'
import { openTrash } from './trash-folder.ts'

/** Below the trash: what Samba's `recycle` moves there, in a folder for each person, in the folders that it lay in. */
export const smbFolder = 'smb'

/** Deleted over SMB and not yet an item: a file, or a folder that is no more. */
export interface Arrived extends TrashItem {
  /** Below the trash: `smb`, the person, and the way. */
  place: string[]
}

interface Found extends Arrivals {
  place: string[]
  /** In the volume; the last name as it was before Samba may have changed it. */
  path: string[]
  entry: Entry
}

type Log = Parameters<typeof readNames>[1]

/**
 * SMB clients delete a folder file by file, so that it reaches the trash in pieces. Put together is what one person
 * deleted below the topmost folder that is no more; each other file is an item of its own.
 */
export function createGathering(log: Log, now: () => number = Date.now) {
  /** Makes items of what has come, except from whom something came only now; that is answered as it lies there. */
  async function gather(volume: Volume): Promise<Arrived[]> {
    using trash = openTrash(volume)
    using smb = trash && openIfThere(trash, smbFolder)
    if (!trash || !smb) return []
    const pending: Arrived[] = []
    for (const user of readNames(smb, log)) {
      const found = await arrivalsOf(volume, smb, user)
      const newestMs = found.reduce((newest, one) => Math.max(newest, one.newestMs), 0)
      const mayMove = !volume.isReadOnly && isQuiet(newestMs, now())
      for (const one of found) {
        if (mayMove) await adopt(volume, one)
        else pending.push(asArrived(volume, one))
      }
    }
    return pending
  }

  /** Makes an item of one of those that were answered; its name, or undefined where it is not there any more. */
  async function take(volume: Volume, place: readonly string[]): Promise<string | undefined> {
    using trash = openTrash(volume)
    using smb = trash && openIfThere(trash, smbFolder)
    const user = place[1]
    if (!smb || user === undefined) return undefined
    const found = await arrivalsOf(volume, smb, user)
    const wanted = found.find(one => one.place.join('/') === place.join('/'))
    return wanted && (await adopt(volume, wanted))
  }

  async function arrivalsOf(volume: Volume, smb: Folder, user: string): Promise<Found[]> {
    const found: Found[] = []
    using top = openIfThere(smb, user)
    using live = openVolume(volume)
    if (top) await sayingAsync(() => visit({ volume, place: [smbFolder, user], path: [] }, top, live, found))
    return found
  }

  async function visit(
    at: { volume: Volume; place: string[]; path: string[] },
    folder: Folder,
    live: Folder,
    found: Found[],
  ): Promise<void> {
    const names = readNames(folder, log)
    const there = new Set(names)
    for (const name of names) {
      const status = statusOf(folder, name)
      if (!status) continue
      const place = [...at.place, name]
      if (status.kind === 'file') {
        const path = [...at.path, originalName(name, one => there.has(one))]
        const { changedMs } = status
        found.push({
          place,
          path,
          newestMs: changedMs,
          oldestMs: changedMs,
          entry: describe(at.volume, folder, name, status),
        })
        continue
      }
      using inner = openIfThere(folder, name)
      using innerLive = openIfThere(live, name)
      const path = [...at.path, name]
      if (!inner) continue
      if (innerLive) await visit({ ...at, place, path }, inner, innerLive, found)
      else {
        const arrivals = await arrivalsBelow(inner)
        if (arrivals)
          found.push({ place, path, ...arrivals, entry: describe(at.volume, folder, name, status) })
      }
    }
  }

  /** Undefined where there are no files: only a way that others lay below. */
  async function arrivalsBelow(folder: Folder): Promise<Arrivals | undefined> {
    let found: Arrivals | undefined
    await eachFile(folder, [], (_inner, _path, changedMs) => {
      found = {
        newestMs: Math.max(found?.newestMs ?? changedMs, changedMs),
        oldestMs: Math.min(found?.oldestMs ?? changedMs, changedMs),
      }
    })
    return found
  }

  async function eachFile(
    folder: Folder,
    path: string[],
    act: (folder: Folder, path: string[], changedMs: number) => void,
  ): Promise<void> {
    const breathe = createBreather()
    for (const name of readNames(folder, log)) {
      await breathe()
      const status = statusOf(folder, name)
      if (status?.kind === 'file') act(folder, [...path, name], status.changedMs)
      using inner = status?.kind === 'folder' ? openIfThere(folder, name) : undefined
      if (inner) await eachFile(inner, [...path, name], act)
    }
  }

  async function adopt(volume: Volume, found: Found): Promise<string | undefined> {
    if (isSeveralBursts(found)) await adoptEarlier(volume, found)
    return move(volume, found)
  }

  async function adoptEarlier(volume: Volume, found: Found): Promise<void> {
    using trash = openTrash(volume)
    using folder = trash && openIfThere(trash, found.place.join('/'))
    if (!folder) return
    const earlier: { below: string[]; changedMs: number }[] = []
    await eachFile(folder, [], (_inner, below, changedMs) => {
      if (isOfAnEarlierBurst(changedMs, found)) earlier.push({ below, changedMs })
    })
    for (const { below, changedMs } of earlier)
      move(volume, {
        place: [...found.place, ...below],
        path: [...found.path, ...below],
        newestMs: changedMs,
      })
  }

  return { gather, take, clear }

  /** Takes away folders in which nothing has come for long. */
  async function clear(volume: Volume): Promise<void> {
    using trash = openTrash(volume)
    using smb = trash && openIfThere(trash, smbFolder)
    if (!smb) return
    for (const user of readNames(smb, log)) {
      using top = openIfThere(smb, user)
      if (top) await clearBelow(top)
    }
  }

  /** Not what is young: Samba would find a folder, and then find it gone. */
  async function clearBelow(folder: Folder): Promise<void> {
    const breathe = createBreather()
    for (const name of readNames(folder, log)) {
      await breathe()
      const status = statusOf(folder, name)
      if (status?.kind !== 'folder') continue
      using inner = openIfThere(folder, name)
      if (inner) await clearBelow(inner)
      if (now() - status.changedMs > restMs) removeIfEmpty(folder.at(name))
    }
  }
}

export type Gathering = ReturnType<typeof createGathering>

const restMs = 3_600_000

function move(volume: Volume, found: Pick<Found, 'place' | 'path' | 'newestMs'>): string | undefined {
  const { place, path, newestMs } = found
  const [from, name] = [place.slice(0, -1).join('/'), place.at(-1) ?? '']
  return exclusively(volume, () => {
    using trash = openTrash(volume)
    using folder = trash && openIfThere(trash, from)
    // Another server was first.
    if (!trash || !folder || !statusOf(folder, name)) return undefined
    const into = (wrapper: Folder) => moveInto(wrapper, folder, name, path.at(-1) ?? name)
    const { item, folder: wrapper } = wrapped(trash, told(found), into, newestMs)
    wrapper[Symbol.dispose]()
    return item
  })
}

function told({ place, path }: Pick<Found, 'place' | 'path'>): About {
  return { format: 1, path: path.join('/'), by: place[1] ?? '', face: 'smb', why: 'deleted' }
}

function asArrived(volume: Volume, found: Found): Arrived {
  const { place, path, newestMs, entry } = found
  const item = itemName(newestMs, hash('sha256', place.join('/'), 'hex').slice(0, 12))
  return { volume, item, entry, deletedAtMs: newestMs, path, about: told(found), place }
}

const status = new FileStatus()

interface Seen {
  kind: 'file' | 'folder'
  size: number
  modifiedAtMs: number
  /** A rename sets it, so it tells when a thing came. */
  changedMs: number
}

function statusOf(folder: Folder, name: string): Seen | undefined {
  if (!readStatus(folder.fd, name, status) || status.kind === 'other') return undefined
  return {
    kind: status.kind,
    size: status.sizeBytes,
    modifiedAtMs: status.modifiedAtMs,
    changedMs: status.changedSeconds * 1000 + Math.floor(status.changedNanoseconds / 1e6),
  }
}

/** Gives no id to what has none: that would change when it seems to have come. */
function describe(volume: Volume, folder: Folder, name: string, seen: Seen): Entry {
  return {
    name,
    kind: seen.kind,
    id: readIdentity(folder.at(name))?.id,
    etag: undefined,
    size: seen.kind === 'file' ? seen.size : 0,
    modifiedAtMs: seen.modifiedAtMs,
    createdAtMs: undefined,
    right: volume.isReadOnly ? 'read' : volume.right,
    isVolumeRoot: false,
    isAvailable: true,
    volume: volume.kind,
  }
}

function openIfThere(folder: Folder, path: string): Folder | undefined {
  try {
    return folder.folder(path, openFlags.readOnly)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

function removeIfEmpty(path: string) {
  try {
    rmdirSync(path)
  } catch (error) {
    if (!['ENOTEMPTY', 'ENOENT', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error
  }
}
