import { errnoOf } from '../../../lib/failure.ts'
import { FileStatus, openFlags, readStatus, readXattr, removeXattr, setXattr } from '../../../lib/posix.ts'
import { createBreather } from '../bursts.ts'
import type { Folder } from '../folders.ts'
import { readNames } from '../listing.ts'

/** docs/on-disk-format.md, "Trash": the bytes in an item, in decimal digits, once they have been counted. */
export const sizeAttribute = 'user.cairn.size'

const attributeBuffer = Buffer.from(`${sizeAttribute}\0`)
const value = Buffer.alloc(32)
const status = new FileStatus()

/** Counted once: what is in the trash changes only through us. */
export async function sizeOfItem(trash: Folder, item: string, log: Parameters<typeof readNames>[1]) {
  const known = countedSize(trash, item)
  if (known !== undefined) return known
  using wrapper = trash.folder(item, openFlags.readOnly)
  const bytes = await bytesBelow(wrapper, log)
  setXattr(wrapper.fd, sizeAttribute, Buffer.from(String(bytes)))
  return bytes
}

/** Undefined before it has been counted. */
export function countedSize(trash: Folder, item: string): number | undefined {
  const length = readXattr(trash.at(item), attributeBuffer, value)
  return length > 0 ? Number(value.toString('latin1', 0, length)) : undefined
}

export function forgetSize(trash: Folder, item: string): void {
  using wrapper = trash.folder(item, openFlags.readOnly)
  removeXattr(wrapper.fd, sizeAttribute)
}

/** Of all files below an open folder. One descriptor for each level. */
export async function bytesBelow(folder: Folder, log: Parameters<typeof readNames>[1]): Promise<number> {
  const breathe = createBreather()
  let bytes = 0
  async function add(inner: Folder) {
    for (const name of readNames(inner, log)) {
      await breathe()
      if (!readStatus(inner.fd, name, status)) continue
      if (status.kind === 'file') bytes += status.sizeBytes
      if (status.kind !== 'folder') continue
      const below = openIfThere(inner, name)
      if (!below) continue
      using _below = below
      await add(below)
    }
  }
  await add(folder)
  return bytes
}

function openIfThere(folder: Folder, name: string): Folder | undefined {
  try {
    return folder.folder(name, openFlags.readOnly)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
