import { errnoOf } from '../../../lib/failure.ts'
import { closeDescriptor, getXattr, setXattr } from '../../../lib/posix.ts'
import type { EntryRow, IndexStore } from '../../store/index-store.ts'
import type { Folder } from '../folders.ts'
import { type Identity, randomId } from '../ids.ts'

/** docs/on-disk-format.md, "Ids": JSON, `[id, id of the folder, name]` of each further name. */
const linksAttribute = 'user.cairn.links'
const mostLinks = 50

type Link = [id: number, folderId: number, name: string]

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
  const fd = place.folder.open(name)
  try {
    const links = readLinks(fd)
    const known = links.find(link => link[1] === folderId && link[2] === name)
    if (known) return withId(known[0])
    if (!stays.some(other => other.id === carried.id)) return carried
    const isUsed = (id: number) => stays.some(other => other.id === id)
    const kept = links.filter(([id]) => isUsed(id))
    const freed = links.find(([id]) => !isUsed(id))?.[0]
    const id = (row && row.id !== carried.id && row.id !== 0 ? row.id : freed) ?? randomId()
    writeLinks(fd, [...kept, [id, folderId, name]])
    return withId(id)
  } finally {
    closeDescriptor(fd)
  }
}

function readLinks(fd: number): Link[] {
  const text = getXattr(fd, linksAttribute)?.toString()
  if (text === undefined) return []
  try {
    const found: unknown = JSON.parse(text)
    return Array.isArray(found) ? found.filter(isLink) : []
  } catch {
    // Not ours, or damaged: as if there were none.
    return []
  }
}

function isLink(value: unknown): value is Link {
  if (!Array.isArray(value)) return false
  const [id, folder, name] = value as unknown[]
  return Number.isSafeInteger(id) && Number.isSafeInteger(folder) && typeof name === 'string'
}

const cannotKeep = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'E2BIG'])

function writeLinks(fd: number, links: readonly Link[]) {
  try {
    setXattr(fd, linksAttribute, Buffer.from(JSON.stringify(links.slice(-mostLinks))))
  } catch (error) {
    // Then the index alone knows it.
    if (!cannotKeep.has(errnoOf(error) ?? '')) throw error
  }
}
