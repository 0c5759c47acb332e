import { type InodeRef, readItems, searchBuffer, writeSearch } from '../../parse/tree-search.ts'

/** linux/btrfs.h: BTRFS_IOC_TREE_SEARCH_V2 */
export const treeSearch = 0xc0709411
/** A file with names in very many folders has more; then these are the first of them. */
const answerBytes = 64 * 1024

/** Asks for all names of one inode, on any open file of its subvolume. */
export function refsRequest(inode: number): { code: number; bytes: Buffer } {
  const bytes = searchBuffer(answerBytes)
  writeSearch(bytes, { inode, isOneInode: true, minTransid: 0 })
  return { code: treeSearch, bytes }
}

export function refsInAnswer(bytes: Buffer): InodeRef[] {
  const found: InodeRef[] = []
  readItems(bytes, {
    wantsInode: () => false,
    inode: () => undefined,
    wantsRefs: () => true,
    refs: refs => void found.push(...refs),
  })
  return found
}
