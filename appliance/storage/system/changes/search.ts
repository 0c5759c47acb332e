import { ioctlAside } from '../../../lib/posix.ts'
import {
  continueSearch,
  firstInode,
  type InodeItem,
  type InodeRef,
  type ItemKey,
  isBehindRefs,
  readItems,
  searchBuffer,
  writeSearch,
} from '../../parse/tree-search.ts'
import { treeSearch } from './refs.ts'

export interface Found {
  item: InodeItem
  /** Those that lay beside it; perhaps not all. */
  refs: InodeRef[]
  /** Content was written after the mark. */
  isWritten: boolean
}

export interface FoundPage {
  found: Found[]
  /** The inode to go on with, or null at the end. */
  next: number | null
}

/** What is taken apart in one turn of the event loop: at most some 1,300 inodes. */
const answerBytes = 256 * 1024

/** The inodes of a subvolume, from `from` on, that were changed after transaction `since`; at least `atLeast` of them. */
export async function findChanged(
  fd: number,
  { since, from, atLeast, signal }: { since: number; from: number; atLeast: number; signal: AbortSignal },
): Promise<FoundPage> {
  const bytes = searchBuffer(answerBytes)
  const collector = createCollector(since)
  writeSearch(bytes, { inode: Math.max(from, firstInode), isOneInode: false, minTransid: since + 1 })
  for (;;) {
    signal.throwIfAborted()
    await ioctlAside(fd, treeSearch, bytes)
    const last = readItems(bytes, collector)
    if (!last) return { found: collector.all(), next: null }
    if (collector.whole().length >= atLeast)
      return { found: collector.whole(), next: collector.unfinished() ?? behind(last) }
    continueSearch(bytes, last, isBehindRefs(last) && !collector.isOpen(last.inode))
  }
}

function behind({ inode }: ItemKey): number {
  return inode + 1
}

function createCollector(since: number) {
  const whole: Found[] = []
  let current: Found | undefined
  const finish = () => {
    if (current) whole.push(current)
    current = undefined
  }
  return {
    wantsInode: (transid: number) => transid > since,
    inode(item: InodeItem) {
      finish()
      // Without links it is gone, and only somebody's open descriptor keeps it.
      if (item.links > 0) current = { item, refs: [], isWritten: false }
    },
    wantsRefs: (inode: number) => current?.item.inode === inode,
    refs: (refs: InodeRef[]) => void current?.refs.push(...refs),
    extent(inode: number, transid: number) {
      if (current?.item.inode === inode && transid > since) current.isWritten = true
    },
    /** Whether more of it is wanted behind its references: of a file, a piece of content that was written. */
    isOpen: (inode: number) =>
      current?.item.inode === inode && current.item.kind === 'file' && !current.isWritten,
    /** Those whose items have all come by. */
    whole: () => whole,
    unfinished: () => current?.item.inode,
    all() {
      finish()
      return whole
    },
  }
}
