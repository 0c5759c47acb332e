import { hash, randomFillSync } from 'node:crypto'
import { fchmodSync, fstatSync } from 'node:fs'
import { errnoOf } from '../../lib/failure.ts'
import { closeDescriptor, type FileStatus, getXattr, readXattr, setXattr } from '../../lib/posix.ts'
import type { Folder } from './folders.ts'

/** docs/on-disk-format.md, "Ids": u64 LE id, u32 LE generation. */
export const idAttribute = 'user.cairn.id'
/** docs/on-disk-format.md, "Checksums": an etag, a space, and `SHA1:… MD5:…`. True only of that etag. */
export const checksumAttribute = 'user.cairn.checksum'
/** What is true of one file or one content only. */
export const ownAttributes = 'user.cairn.'
const idBytes = 12
const maxId = 2 ** 52

export interface Identity {
  id: number
  generation: number
}

const nameBuffer = Buffer.from(`${idAttribute}\0`)
const value = Buffer.alloc(64)

/** The identity that `path` carries; undefined where there is none, or something else by that name. */
export function readIdentity(path: string): Identity | undefined {
  return parseIdentity(value, readXattr(path, nameBuffer, value))
}

export function identityOf(fd: number): Identity | undefined {
  const found = getXattr(fd, idAttribute)
  return found ? parseIdentity(found, found.length) : undefined
}

function parseIdentity(bytes: Buffer, size: number): Identity | undefined {
  if (size !== idBytes) return undefined
  const id = bytes.readUInt32LE(0) + bytes.readUInt32LE(4) * 0x1_0000_0000
  return id > 0 && id < maxId ? { id, generation: bytes.readUInt32LE(8) } : undefined
}

export function formatIdentity({ id, generation }: Identity): Buffer {
  const bytes = Buffer.alloc(idBytes)
  bytes.writeUInt32LE(id % 0x1_0000_0000, 0)
  bytes.writeUInt32LE(Math.floor(id / 0x1_0000_0000), 4)
  bytes.writeUInt32LE(generation, 8)
  return bytes
}

export function writeIdentity(fd: number, identity: Identity): void {
  setXattr(fd, idAttribute, formatIdentity(identity))
}

export function nextIdentity({ id, generation }: Identity): Identity {
  return { id, generation: (generation + 1) % 0x1_0000_0000 }
}

export function newIdentity(): Identity {
  return { id: randomId(), generation: 1 }
}

const pool = Buffer.alloc(8 * 512)
let used = pool.length

/** 52 random bits, never 0. */
export function randomId(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const id = pool.readUInt32LE(used) + (pool.readUInt32LE(used + 4) & 0xfffff) * 0x1_0000_0000
  used += 8
  return id === 0 ? randomId() : id
}

/**
 * Gives an identity to a file that nobody has seen before; undefined where that cannot be (a read-only pool, another
 * owner's file). Another process may be first: then its identity counts.
 */
export function assignIdentity(folder: Folder, name: string): Identity | undefined {
  try {
    const fd = folder.open(name === '' ? '.' : name)
    try {
      return assign(fd)
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    if (cannotAssign.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

const cannotAssign = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENOSPC',
  'EDQUOT',
])

function assign(fd: number): Identity | undefined {
  const identity = newIdentity()
  const foreign = getXattr(fd, idAttribute)
  const bytes = formatIdentity(identity)
  try {
    whileWritable(fd, () => setXattr(fd, idAttribute, bytes, foreign ? 'replace' : 'create'))
    return identity
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return identityOf(fd)
    throw error
  }
}

/** Another identity than the one it carries; false where that cannot be. */
export function giveIdentity(folder: Folder, name: string, identity: Identity): boolean {
  try {
    const fd = folder.open(name)
    try {
      whileWritable(fd, () => writeIdentity(fd, identity))
      return true
    } finally {
      closeDescriptor(fd)
    }
  } catch (error) {
    if (cannotAssign.has(errnoOf(error) ?? '')) return false
    throw error
  }
}

/** user.* attributes need write permission in the mode, even from the owner. */
export function whileWritable(fd: number, act: () => void) {
  const { mode } = fstatSync(fd)
  if (mode & 0o200) return act()
  fchmodSync(fd, mode | 0o200)
  try {
    act()
  } finally {
    fchmodSync(fd, mode)
  }
}

const etagInput = Buffer.alloc(32)

/** A function of the truth alone, so that every process, replica and rebuilt index agrees (docs/on-disk-format.md). */
export function fileEtag(identity: Identity | undefined, status: FileStatus): string {
  writeUint64(identity?.id ?? 0, 0)
  etagInput.writeUInt32LE(identity?.generation ?? 0, 8)
  writeUint64(status.sizeBytes, 12)
  writeUint64(status.modifiedSeconds, 20)
  etagInput.writeUInt32LE(status.modifiedNanoseconds, 28)
  return hash('sha256', etagInput, 'hex').slice(0, 32)
}

function writeUint64(number: number, offset: number) {
  etagInput.writeUInt32LE(((number % 0x1_0000_0000) + 0x1_0000_0000) % 0x1_0000_0000, offset)
  etagInput.writeInt32LE(Math.floor(number / 0x1_0000_0000) | 0, offset + 4)
}
