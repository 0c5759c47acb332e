import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { FileStatus, readStatus } from '../../lib/posix.ts'
import { createBreather } from './bursts.ts'
import type { Folder } from './folders.ts'
import { plus, type Sum, sumIn } from './indexing/etags.ts'

/** What is there, as one number: names and inodes, and of files also size and time; in whatever order it is noted. */
export function createStock() {
  let sum: Sum = 0n
  return {
    /** `parent`: the inode of the folder that it lies in; 0 for what holds all else. */
    note(parent: number, name: string, found: FileStatus) {
      const { kind, inode, sizeBytes, modifiedSeconds, modifiedNanoseconds } = found
      const content = kind === 'folder' ? [] : [sizeBytes, modifiedSeconds, modifiedNanoseconds]
      const digest = hash('sha256', [parent, inode, kind, ...content, name].join('\n'), 'buffer')
      sum = plus(sum, sumIn(digest))
    },
    sum: () => sum,
  }
}

export type Stock = ReturnType<typeof createStock>

const status = new FileStatus()

/** Of a file or folder with all that is in it, also what is never served. */
export async function stockOf(folder: Folder, name: string): Promise<Sum> {
  const stock = createStock()
  const breathe = createBreather()
  async function visit(above: Folder, parent: number, child: string, as: string) {
    await breathe()
    if (!readStatus(above.fd, child, status)) return
    stock.note(parent, as, status)
    if (status.kind !== 'folder') return
    const { inode } = status
    using inner = above.folder(child)
    for (const bytes of readdirSync(inner.path, 'buffer')) {
      const inside = bytes.toString()
      if (isUtf8(bytes)) await visit(inner, inode, inside, inside)
      else stock.note(inode, inside, status)
    }
  }
  await visit(folder, 0, name, '')
  return stock.sum()
}
