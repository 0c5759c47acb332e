import { hash } from 'node:crypto'

/**
 * A folder's etag is a function of its id, its time and of what lies in it: the sum, modulo 2^128, of a hash of each
 * entry's name, id and etag. So one change costs its depth, in whatever order changes come (docs/on-disk-format.md, "Etags").
 */
export type Sum = bigint

/** When an entry last came to it or left it: seconds, and nanoseconds of one. */
export interface FolderTime {
  modified: number
  modifiedNs: number
}

const modulus = 1n << 128n
const idAndEtagBytes = 40
const input = Buffer.alloc(idAndEtagBytes + 4 * 255 + 4)
const folderInput = Buffer.alloc(36)

export function contributionOf(name: string, id: number, etag: string): Sum {
  writeId(input, id)
  input.write(etag, 8, 32, 'latin1')
  const end = idAndEtagBytes + input.write(name, idAndEtagBytes)
  return sumIn(hash('sha256', input.subarray(0, end), 'buffer'))
}

export function plus(one: Sum, other: Sum): Sum {
  return BigInt.asUintN(128, one + other)
}

export function minus(one: Sum, other: Sum): Sum {
  return BigInt.asUintN(128, one - other + modulus)
}

/**
 * 32 hexadecimal digits. With the folder's own time: what came and went between two looks of a client leaves the same
 * entries behind, but the client may have seen it.
 */
export function folderEtag(id: number, sum: Sum, { modified, modifiedNs }: FolderTime): string {
  writeId(folderInput, id)
  writeSum(folderInput, sum, 8)
  folderInput.writeBigInt64LE(BigInt(modified), 24)
  folderInput.writeUInt32LE(modifiedNs, 32)
  return hash('sha256', folderInput, 'hex').slice(0, 32)
}

/** Of several things together: what a person sees at the top of the tree, or an etag that is to be unlike itself. */
export function etagOf(parts: readonly (string | number)[]): string {
  return hash('sha256', parts.join('\n'), 'hex').slice(0, 32)
}

export function sumIn(bytes: Buffer | null): Sum {
  return bytes ? bytes.readBigUInt64LE(0) + (bytes.readBigUInt64LE(8) << 64n) : 0n
}

export function bytesOf(sum: Sum): Buffer {
  const bytes = Buffer.allocUnsafe(16)
  writeSum(bytes, sum, 0)
  return bytes
}

function writeSum(into: Buffer, sum: Sum, at: number) {
  into.writeBigUInt64LE(BigInt.asUintN(64, sum), at)
  into.writeBigUInt64LE(sum >> 64n, at + 8)
}

function writeId(into: Buffer, id: number) {
  into.writeUInt32LE(id % 0x1_0000_0000, 0)
  into.writeUInt32LE(Math.floor(id / 0x1_0000_0000), 4)
}
