import { nameOf, number64, signed64 } from './kernel-bytes.ts'

/** BTRFS_IOC_TREE_SEARCH_V2, linux/btrfs_tree.h: the request that is written, and the items that come back. */
export const firstInode = 256
const lastInode = 2n ** 64n - 257n
const all64 = 2n ** 64n - 1n
const all32 = 0xffff_ffff

const headAt = 112
const itemHeadBytes = 32

export interface SearchRange {
  /** Items of inodes from here on, or of this one only. */
  inode: number
  isOneInode: boolean
  /** Only what lies in leaves that were written by this transaction or later. */
  minTransid: number
}

/** The types that tell what an inode is and where; all others of an inode come after them. */
export const itemType = { inode: 1, ref: 12, extendedRef: 13, extent: 108 } as const

export function searchBuffer(bytes: number): Buffer {
  return Buffer.alloc(headAt + bytes)
}

export function writeSearch(into: Buffer, { inode, isOneInode, minTransid }: SearchRange): void {
  into.fill(0, 0, headAt)
  into.writeBigUInt64LE(BigInt(inode), 8)
  into.writeBigUInt64LE(isOneInode ? BigInt(inode) : lastInode, 16)
  into.writeBigUInt64LE(all64, 32)
  into.writeBigUInt64LE(BigInt(minTransid), 40)
  into.writeBigUInt64LE(all64, 48)
  into.writeUInt32LE(isOneInode ? itemType.extendedRef : 255, 60)
  into.writeUInt32LE(all32, 64)
  into.writeBigUInt64LE(BigInt(into.length - headAt), 104)
}

/** Where a search goes on that filled its buffer. */
export interface ItemKey {
  inode: number
  type: number
  offset: bigint
}

/** Continues right behind `last`; or with the next inode, where nobody asks for what else this one has. */
export function continueSearch(into: Buffer, { inode, type, offset }: ItemKey, isSkipped: boolean): void {
  into.writeBigUInt64LE(BigInt(isSkipped ? inode + 1 : inode), 8)
  into.writeUInt32LE(isSkipped ? 0 : type, 56)
  into.writeBigUInt64LE(isSkipped ? 0n : offset + 1n, 24)
  into.writeUInt32LE(all32, 64)
  into.writeBigUInt64LE(BigInt(into.length - headAt), 104)
}

/** Its references are told then; the content of a file comes later still. */
export function isBehindRefs({ type }: Pick<ItemKey, 'type'>): boolean {
  return type > itemType.extendedRef
}

export interface InodeItem {
  inode: number
  kind: 'file' | 'folder' | 'other'
  /** Of the transaction that made it, and of the one that last changed it. */
  generation: number
  transid: number
  sizeBytes: number
  links: number
  uid: number
  gid: number
  mode: number
  modifiedSeconds: number
  modifiedNanoseconds: number
  changedSeconds: number
  changedNanoseconds: number
}

export interface InodeRef {
  parent: number
  /** Null: it is not UTF-8. */
  name: string | null
}

/** Asked before an item is taken apart: most of what shares a leaf with a change nobody wants. */
export interface ItemVisitor {
  wantsInode(transid: number): boolean
  inode(item: InodeItem): void
  wantsRefs(inode: number): boolean
  refs(refs: InodeRef[]): void
  /** A piece of its content, and the transaction that wrote it. */
  extent?(inode: number, transid: number): void
}

/** Takes the items of an answer apart; the last key, or undefined where there were none. */
export function readItems(bytes: Buffer, visitor: ItemVisitor): ItemKey | undefined {
  const count = bytes.readUInt32LE(64)
  let last: ItemKey | undefined
  for (let at = headAt, done = 0; done < count; done++) {
    const type = bytes.readUInt32LE(at + 24)
    const length = bytes.readUInt32LE(at + 28)
    if (type <= itemType.extendedRef) readItem(bytes, { at, type, length }, visitor)
    // struct btrfs_file_extent_item
    else if (type === itemType.extent)
      visitor.extent?.(number64(bytes, at + 8), number64(bytes, at + itemHeadBytes))
    if (done === count - 1)
      last = { inode: number64(bytes, at + 8), type, offset: bytes.readBigUInt64LE(at + 16) }
    at += itemHeadBytes + length
  }
  return last
}

function readItem(
  bytes: Buffer,
  { at, type, length }: { at: number; type: number; length: number },
  visitor: ItemVisitor,
) {
  const inode = number64(bytes, at + 8)
  const body = at + itemHeadBytes
  if (type === itemType.inode) {
    if (visitor.wantsInode(number64(bytes, body + 8))) visitor.inode(inodeItem(bytes, inode, body))
  } else if (!visitor.wantsRefs(inode)) return
  else if (type === itemType.ref)
    visitor.refs(plainRefs(bytes, number64(bytes, at + 16), body, body + length))
  else if (type === itemType.extendedRef) visitor.refs(extendedRefs(bytes, body, body + length))
}

/** struct btrfs_inode_item */
function inodeItem(bytes: Buffer, inode: number, at: number): InodeItem {
  const mode = bytes.readUInt32LE(at + 52)
  return {
    inode,
    kind: kindOf(mode),
    generation: number64(bytes, at),
    transid: number64(bytes, at + 8),
    sizeBytes: number64(bytes, at + 16),
    links: bytes.readUInt32LE(at + 40),
    uid: bytes.readUInt32LE(at + 44),
    gid: bytes.readUInt32LE(at + 48),
    mode: mode & 0o7777,
    modifiedSeconds: signed64(bytes, at + 136),
    modifiedNanoseconds: bytes.readUInt32LE(at + 144),
    changedSeconds: signed64(bytes, at + 124),
    changedNanoseconds: bytes.readUInt32LE(at + 132),
  }
}

function kindOf(mode: number): InodeItem['kind'] {
  const type = mode & 0o170000
  if (type === 0o100000) return 'file'
  return type === 0o040000 ? 'folder' : 'other'
}

/** struct btrfs_inode_ref, once for each name in that folder. */
function plainRefs(bytes: Buffer, parent: number, start: number, end: number): InodeRef[] {
  const refs: InodeRef[] = []
  for (let at = start; at + 10 <= end; ) {
    const length = bytes.readUInt16LE(at + 8)
    refs.push({ parent, name: nameOf(bytes, at + 10, at + 10 + length) })
    at += 10 + length
  }
  return refs
}

/** struct btrfs_inode_extref, for names that did not fit the other way. */
function extendedRefs(bytes: Buffer, start: number, end: number): InodeRef[] {
  const refs: InodeRef[] = []
  for (let at = start; at + 18 <= end; ) {
    const length = bytes.readUInt16LE(at + 16)
    refs.push({ parent: number64(bytes, at), name: nameOf(bytes, at + 18, at + 18 + length) })
    at += 18 + length
  }
  return refs
}
