import type { Dir } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { errnoOf } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { FileStatus, getXattr, readStatus } from '../../../lib/posix.ts'
import { parseItemName } from '../../plan/trash.ts'
import { parseVersionName } from '../../plan/versions.ts'
import type { Volume } from '../../schema.ts'
import { createBreather } from '../bursts.ts'
import type { Folder } from '../folders.ts'
import { openReservedIfThere } from '../workspace.ts'
import { namesOn, openShelf } from './shelf.ts'
import { sizeOfItem } from './sizes.ts'
import { openTrash } from './trash-folder.ts'
import { labelAttribute } from './versions.ts'

export interface KeptItem {
  trash: Folder
  item: string
  deletedAtMs: number
}

export interface KeptVersion {
  name: string
  keptAtMs: number
  bytes: number
  isLabelled: boolean
}

/** What is in the trash, one after the other and in no order: the list is never held whole. */
export async function* eachItem(volume: Volume): AsyncGenerator<KeptItem> {
  using trash = openTrash(volume)
  if (!trash) return
  for await (const { name } of await opendir(trash.path)) {
    const parsed = parseItemName(name)
    if (parsed) yield { trash, item: name, deletedAtMs: parsed.deletedAtMs }
  }
}

/** Undefined: it went meanwhile. */
export async function bytesOf({ trash, item }: KeptItem, log: Log): Promise<number | undefined> {
  try {
    return await sizeOfItem(trash, item, log)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** The versions of one file after the other. */
export async function* eachShelf(
  volume: Volume,
): AsyncGenerator<{ id: number; shelf: Folder; versions: KeptVersion[] }> {
  const folder = await openVersions(volume)
  if (!folder) return
  const breathe = createBreather()
  for await (const { name } of folder) {
    await breathe()
    const id = /^\d{1,16}$/.test(name) ? Number(name) : undefined
    using shelf = id === undefined ? undefined : openShelf(volume, id)
    if (shelf && id !== undefined) yield { id, shelf, versions: versionsOn(shelf) }
  }
}

const status = new FileStatus()

export function versionsOn(shelf: Folder): KeptVersion[] {
  return namesOn(shelf).flatMap(name => {
    const parsed = parseVersionName(name)
    if (!parsed || !readStatus(shelf.fd, name, status) || status.kind !== 'file') return []
    const bytes = status.sizeBytes
    const isLabelled = getXattr(shelf.at(name), labelAttribute) !== undefined
    return [{ name, keptAtMs: parsed.keptAtMs, bytes, isLabelled }]
  })
}

async function openVersions(volume: Volume): Promise<Dir | undefined> {
  using versions = openReservedIfThere(volume, 'versions')
  return versions && (await opendir(versions.path))
}
