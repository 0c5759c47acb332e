import { errnoOf } from '../../../lib/failure.ts'
import { FileStatus, openFlags, openFolder as openTop, readStatus } from '../../../lib/posix.ts'
import type { IndexStore } from '../../store/index-store.ts'
import { Folder } from '../folders.ts'

/** Where the folders that the index knows by their inode are on the disk. */
export interface Places {
  /** Undefined where it is gone, or elsewhere than the index believes. Close it. */
  openFolder(volume: number, inode: number): Folder | undefined
  /** The names from the top of the volume down to it; undefined where it is not part of the tree any more. */
  pathOf(volume: number, inode: number): string[] | undefined
  isClosed(volume: number, inode: number): boolean
  /** The path of the volume itself. */
  topOf(volume: number): string | undefined
}

/** Deeper than any path that Linux takes at once, and than a ring of rows would be followed. */
export const mostLevels = 2_100

export function createPlaces(store: IndexStore, topOf: (volume: number) => string | undefined): Places {
  const status = new FileStatus()

  function pathOf(volume: number, inode: number): string[] | undefined {
    const names: string[] = []
    for (let at = inode; names.length < mostLevels; ) {
      const row = store.folder(volume, at)
      if (!row) return undefined
      if (row.parent === 0) return names.reverse()
      names.push(row.name)
      at = row.parent
    }
    return undefined
  }

  function openFolder(volume: number, inode: number): Folder | undefined {
    const names = pathOf(volume, inode)
    const top = topOf(volume)
    if (!names || top === undefined) return undefined
    const folder = openAlong(top, names)
    if (!folder) return undefined
    if (readStatus(folder.fd, '', status) && status.inode === inode) return folder
    folder[Symbol.dispose]()
    return undefined
  }

  /** Not to be reached by us, though it may well be there. */
  function isClosed(volume: number, inode: number): boolean {
    const names = pathOf(volume, inode)
    const top = topOf(volume)
    if (!names || top === undefined) return false
    const found = openAs(top, names)
    if (found === 'closed') return true
    if (found !== 'away') found[Symbol.dispose]()
    return false
  }

  return { openFolder, pathOf, topOf, isClosed }
}

const isAway = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV', 'ENAMETOOLONG'])
/** One call of openat2(2) takes a path of 4,096 bytes. */
const namesAtOnce = 12

/** Opens a folder by its path below `top`; undefined where there is none, or none that we may enter. */
export function openAlong(top: string, names: readonly string[]): Folder | undefined {
  const found = openAs(top, names)
  return found === 'away' || found === 'closed' ? undefined : found
}

function openAs(top: string, names: readonly string[]): Folder | 'away' | 'closed' {
  let folder: Folder | undefined
  try {
    folder = new Folder(openTop(top))
    for (let at = 0; at < names.length; at += namesAtOnce) {
      using above: Folder = folder
      folder = above.folder(names.slice(at, at + namesAtOnce).join('/'), openFlags.path)
    }
    return folder
  } catch (error) {
    const errno = errnoOf(error) ?? ''
    if (isAway.has(errno)) return 'away'
    if (errno === 'EACCES') return 'closed'
    throw error
  }
}
