import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { FileStatus, readStatus } from '../../lib/posix.ts'
import { createBreather } from './bursts.ts'
import type { Folder } from './folders.ts'
import { plus, type Sum, sumIn } from './indexing/etags.ts'
import { askBack } from './lent.ts'
import { openFile, unlessOpenForWriting } from './writing.ts'

/** What is there, as one number: names, inodes and times, and how large files are; in whatever order it is noted. */
export function createStock() {
  let sum: Sum = 0n
  return {
    /** `parent`: the inode of the folder that it lies in; 0 for what holds all else, whose name and ctime may change. */
    note(parent: number, name: string, found: FileStatus) {
      const { kind, inode } = found
      const content =
        kind === 'folder' ? [] : [found.sizeBytes, found.modifiedSeconds, found.modifiedNanoseconds]
      const place = parent === 0 ? [] : [found.changedSeconds, found.changedNanoseconds, name]
      const digest = hash('sha256', [parent, inode, kind, ...content, ...place].join('\n'), 'buffer')
      sum = plus(sum, sumIn(digest))
    },
    sum: () => sum,
  }
}

export type Stock = ReturnType<typeof createStock>

const status = new FileStatus()

/** Of one file. */
export function stockOfFile(folder: Folder, name: string): Sum {
  const stock = createStock()
  if (readStatus(folder.fd, name, status)) stock.note(0, name, status)
  return stock.sum()
}

/**
 * Of a file or folder with all that is in it, also what is never served. Throws `files/open-elsewhere` where somebody has
 * something in it open for writing.
 */
export async function stockOf(folder: Folder, name: string): Promise<Sum> {
  const stock = createStock()
  const breathe = createBreather()
  async function visit(above: Folder, parent: number, child: string) {
    await breathe()
    if (!readStatus(above.fd, child, status)) return
    if (status.kind === 'file') {
      await requireFree(above, child)
      if (!readStatus(above.fd, child, status)) return
    }
    const { kind, inode } = status
    stock.note(parent, child, status)
    if (kind !== 'folder') return
    using inner = above.folder(child)
    for (const bytes of readdirSync(inner.path, 'buffer')) {
      if (isUtf8(bytes)) await visit(inner, inode, bytes.toString())
      else stock.note(inode, bytes.toString('hex'), status)
    }
  }
  await visit(folder, 0, name)
  return stock.sum()
}

async function requireFree(folder: Folder, name: string) {
  using file = openFile(folder, name)
  try {
    unlessOpenForWriting(file.fd, () => undefined)
  } catch {
    // An NFS client may have been lent it, who writes no more.
    await askBack(folder, name)
    unlessOpenForWriting(file.fd, () => undefined)
  }
}
