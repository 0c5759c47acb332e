import { errnoOf } from '../../lib/failure.ts'
import { closeDescriptor, readXattr, setXattr } from '../../lib/posix.ts'
import type { Folder } from './folders.ts'
import { readIdentity, whileWritable } from './ids.ts'

/** docs/on-disk-format.md, "Ids": JSON, `[id, id of the folder, name]` of each further name of a file (hard links). */
export const linksAttribute = 'user.cairn.links'
export type Link = [id: number, folderId: number, name: string]

const mostLinks = 50
const nameBuffer = Buffer.from(`${linksAttribute}\0`)
const value = Buffer.alloc(65_536)

/** The id that this very name of a file has; undefined where it is the first one, which has the id of the inode. */
export function linkedId(folder: Folder, name: string): number | undefined {
  const links = readLinks(folder, name)
  const folderId = links.length > 0 ? readIdentity(folder.path)?.id : undefined
  return links.find(link => link[1] === folderId && link[2] === name)?.[0]
}

export function readLinks(folder: Folder, name: string): Link[] {
  const size = readXattr(folder.at(name), nameBuffer, value)
  if (size <= 0) return []
  try {
    const found: unknown = JSON.parse(value.toString('utf8', 0, size))
    return Array.isArray(found) ? found.filter(isLink) : []
  } catch {
    // Not ours, or damaged: as if there were none.
    return []
  }
}

function isLink(given: unknown): given is Link {
  if (!Array.isArray(given)) return false
  const [id, folder, name] = given as unknown[]
  return Number.isSafeInteger(id) && Number.isSafeInteger(folder) && typeof name === 'string'
}

const cannotKeep = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'E2BIG', 'ENOENT'])

export function writeLinks(folder: Folder, name: string, links: readonly Link[]): void {
  const text = Buffer.from(JSON.stringify(links.slice(-mostLinks)))
  try {
    const fd = folder.open(name)
    try {
      whileWritable(fd, () => setXattr(fd, linksAttribute, text))
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    // Then the index alone knows it.
    if (!cannotKeep.has(errnoOf(error) ?? '')) throw error
  }
}
