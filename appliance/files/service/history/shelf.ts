import { readdirSync } from 'node:fs'
import { errnoOf } from '../../../lib/failure.ts'
import { FileStatus, openFlags, readStatus, renameAt } from '../../../lib/posix.ts'
import { parseVersionName, versionName } from '../../plan/versions.ts'
import type { Entry, Volume } from '../../schema.ts'
import { saying } from '../failures.ts'
import { type Folder, openVolume } from '../folders.ts'
import { randomId } from '../ids.ts'
import { draftName, makeIfMissing, openReserved, openReservedIfThere } from '../workspace.ts'

/** `.cairn/versions/ID` of a volume: earlier contents of one file. */
export function openShelf(volume: Volume, id: number): Folder | undefined {
  using top = openVolume(volume)
  try {
    return top.folder(`.cairn/versions/${id}`, openFlags.readOnly)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** With room being short, a change is worth more than what was before. */
const notWorthFailing = new Set(['ENOSPC', 'EDQUOT', 'EMLINK'])

/** Undefined where nothing is to be kept, or nothing can be. */
export function makeShelf(volume: Volume, { id, size }: Pick<Entry, 'id' | 'size'>): Folder | undefined {
  if (id === undefined || size === 0) return undefined
  const there = openShelf(volume, id)
  if (there) return there
  try {
    using versions = openReserved(volume, 'versions')
    makeIfMissing(versions.at(String(id)))
    return versions.folder(String(id), openFlags.readOnly)
  } catch (error) {
    if (notWorthFailing.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

/**
 * The new content takes the name, and what had it goes to the shelf: by an exchange, so that the name is never empty.
 * Killed between the two steps, what is lost is the old content alone.
 */
export function exchangeOnto(
  shelf: Folder,
  from: { folder: Folder; name: string },
  to: { folder: Folder; name: string },
  modifiedAtMs: number,
): void {
  renameAt(from.folder.fd, from.name, to.folder.fd, to.name, 'exchange')
  const name = versionName(modifiedAtMs, Date.now(), randomId().toString(36))
  try {
    renameAt(from.folder.fd, from.name, shelf.fd, name, 'no-replace')
  } catch (error) {
    // As it was before; the draft is the caller's again.
    renameAt(from.folder.fd, from.name, to.folder.fd, to.name, 'exchange')
    throw error
  }
}

/** The names of the versions on a shelf, the newest first. */
export function namesOn(shelf: Folder): string[] {
  const names = saying(() => readdirSync(shelf.path))
  return names
    .filter(name => parseVersionName(name) !== undefined)
    .sort((one, other) => (one < other ? 1 : -1))
}

const status = new FileStatus()

/** Files that are gone need no versions. Swept without a word: the ids were told, or live on elsewhere. */
export function dropShelves(volume: Volume, ids: readonly number[]): void {
  using versions = openReservedIfThere(volume, 'versions')
  if (!versions) return
  using workspace = openReserved(volume, 'tmp')
  for (const id of ids) {
    const name = String(id)
    if (readStatus(versions.fd, name, status)) dropShelf(versions, name, workspace)
  }
}

function dropShelf(versions: Folder, name: string, workspace: Folder) {
  try {
    renameAt(versions.fd, name, workspace.fd, draftName('moved'))
  } catch (error) {
    // Another process was first.
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}
