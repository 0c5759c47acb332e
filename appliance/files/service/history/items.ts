import { mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { z } from 'zod'
import { errnoOf, Failure } from '../../../lib/failure.ts'
import { openFlags, readXattr, renameAt, setXattr } from '../../../lib/posix.ts'
import { checkName } from '../../parse/names.ts'
import { itemName, parseItemName } from '../../plan/trash.ts'
import type { Entry, Person, Volume } from '../../schema.ts'
import type { Entries } from '../entries.ts'
import type { Folder } from '../folders.ts'
import { randomId } from '../ids.ts'
import { isHidden } from '../tree.ts'
import { countedSize } from './sizes.ts'

/** docs/on-disk-format.md, "Trash": JSON on the folder that holds one deleted thing. */
export const trashAttribute = 'user.cairn.trash'

const face = z.enum(['web', 'rest', 'webdav', 'smb', 'nfs', 'box'])

const about = z.object({
  format: z.literal(1),
  /** Where it was in the volume, without a slash in front. */
  path: z.string().min(1),
  by: z.string(),
  device: z.string().optional(),
  face: face.optional(),
  why: z.enum(['deleted', 'replaced']),
})
export type About = z.infer<typeof about>

/** One deleted thing, in the folder `item` of its volume's trash. */
export interface TrashItem {
  volume: Volume
  item: string
  /** As it is named in there. */
  entry: Entry
  deletedAtMs: number
  /** Where it was in the volume. */
  path: string[]
  about: About
  /** All that is in it, where that has been counted. */
  countedBytes?: number | undefined
}

export function aboutDeleting(
  path: readonly string[],
  by: Person | undefined,
  why: About['why'] = 'deleted',
): About {
  const device = by?.deviceName ?? by?.device
  return {
    format: 1,
    path: path.join('/'),
    by: by?.user ?? '',
    ...(device ? { device } : {}),
    ...(by?.face ? { face: by.face } : {}),
    why,
  }
}

/** A new folder in the trash that says what comes into it. */
function makeWrapper(trash: Folder, told: About, deletedAtMs = Date.now()): Wrapper {
  const item = itemName(deletedAtMs, randomId().toString(36))
  mkdirSync(trash.at(item), 0o700)
  try {
    setXattr(trash.at(item), trashAttribute, Buffer.from(JSON.stringify(told)))
    return { item, folder: trash.folder(item, openFlags.readOnly) }
  } catch (error) {
    rmdirSync(trash.at(item))
    throw error
  }
}

export interface Wrapper {
  item: string
  folder: Folder
}

/** Runs `fill`, which moves one thing into a new wrapper; nothing is left of the wrapper where it fails. */
export function wrapped(
  trash: Folder,
  told: About,
  fill: (wrapper: Folder) => void,
  deletedAtMs?: number,
): Wrapper {
  const wrapper = makeWrapper(trash, told, deletedAtMs)
  try {
    fill(wrapper.folder)
    return wrapper
  } catch (error) {
    wrapper.folder[Symbol.dispose]()
    dropIfEmpty(trash, wrapper.item)
    throw error
  }
}

const notEmpty = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'])

/** The wrapper of what was taken out. */
export function dropIfEmpty(trash: Folder, item: string): void {
  try {
    rmdirSync(trash.at(item))
  } catch (error) {
    if (!notEmpty.has(errnoOf(error) ?? '')) throw error
  }
}

const attributeBuffer = Buffer.from(`${trashAttribute}\0`)
const value = Buffer.alloc(65_536)

/** Undefined for what is no item, or holds nothing. */
export function readItem(
  entries: Entries,
  volume: Volume,
  trash: Folder,
  item: string,
): TrashItem | undefined {
  const parsed = parseItemName(item)
  if (!parsed) return undefined
  using wrapper = openWrapper(trash, item)
  if (!wrapper) return undefined
  const told = readAbout(trash.at(item))
  const names = told && namesOf(told.path)
  const named = names?.at(-1)
  const entry =
    (named === undefined ? undefined : entries.at(volume, wrapper, named)) ??
    firstOf(entries, volume, wrapper)
  if (!entry) return undefined
  const known = told ?? { format: 1, path: entry.name, by: '', why: 'deleted' }
  return {
    volume,
    item,
    entry,
    deletedAtMs: parsed.deletedAtMs,
    path: names ?? [entry.name],
    about: known,
    countedBytes: countedSize(trash, item),
  }
}

/** Whoever could write into the trash must not choose a place that no face would take. */
function namesOf(path: string): string[] | undefined {
  const names = path.split('/')
  try {
    for (const one of names) checkName(one)
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
  return isHidden([], names[0] ?? '') ? undefined : names
}

function firstOf(entries: Entries, volume: Volume, wrapper: Folder): Entry | undefined {
  const [name] = readdirSync(wrapper.path)
  return name === undefined ? undefined : entries.at(volume, wrapper, name)
}

function openWrapper(trash: Folder, item: string): Folder | undefined {
  try {
    return trash.folder(item, openFlags.readOnly)
  } catch (error) {
    const code = errnoOf(error) ?? ''
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined
    throw error
  }
}

/** What is not readable as ours says nothing: the thing itself is still there. */
function readAbout(path: string): About | undefined {
  const size = readXattr(path, attributeBuffer, value)
  if (size <= 0) return undefined
  try {
    return about.safeParse(JSON.parse(value.toString('utf8', 0, size))).data
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export function moveInto(wrapper: Folder, from: Folder, fromName: string, name: string): void {
  renameAt(from.fd, fromName, wrapper.fd, name, 'no-replace')
}
