import type { EntryRow, IndexStore } from '../../store/index-store.ts'
import type { Folder } from '../folders.ts'
import { type Identity, randomId } from '../ids.ts'
import { readLinks, writeLinks } from '../linked-ids.ts'

export interface LinkQuestion {
  place: { volume: number; inode: number; folder: Folder }
  name: string
  /** What the inode carries: the identity of its first name. */
  carried: Identity
  /** This name, as it is known. */
  row: EntryRow | undefined
  /** The other names that are known and still there. */
  stays: readonly EntryRow[]
  store: IndexStore
}

/**
 * The id of one of several names of a file (hard links). The first one has the id that the inode carries; each further
 * one has an id of its own, kept with the inode as well.
 */
export function linkIdentity({ place, name, carried, row, stays, store }: LinkQuestion): Identity {
  const folderId = store.folder(place.volume, place.inode)?.id ?? 0
  const withId = (id: number) => ({ id, generation: carried.generation })
  const isUsed = (id: number) => stays.some(other => other.id === id)
  const links = readLinks(place.folder, name)
  const known = links.find(link => link[1] === folderId && link[2] === name)?.[0]
  if (known !== undefined && !isUsed(known)) return withId(known)
  if (!isUsed(carried.id)) return carried
  const kept = links.filter(([id]) => isUsed(id))
  const freed = links.find(([id]) => !isUsed(id))?.[0]
  const id = (row && row.id !== carried.id && row.id !== 0 ? row.id : freed) ?? randomId()
  writeLinks(place.folder, name, [...kept, [id, folderId, name]])
  return withId(id)
}

/** Keeps that a further name of a file has this id; false where that is known already. */
export function keepLink(
  folder: Folder,
  name: string,
  { id, folderId }: { id: number; folderId: number },
): boolean {
  const links = readLinks(folder, name)
  if (links.some(link => link[0] === id && link[1] === folderId && link[2] === name)) return false
  writeLinks(folder, name, [...links.filter(link => link[0] !== id), [id, folderId, name]])
  return true
}
