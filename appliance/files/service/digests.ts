import { createHash } from 'node:crypto'
import { Failure } from '../../lib/failure.ts'
import { algorithmsOf, type ChecksumAlgorithm, type Checksums } from '../parse/checksums.ts'

/** Several checksums of one run of bytes. */
export interface Digests {
  update(bytes: Uint8Array): void
  /** Another one that goes on from here. */
  copy(): Digests
  /** Ends it. */
  finish(): Checksums
}

interface Digest {
  update(bytes: Uint8Array): unknown
  copy(): Digest
  hex(): string
}

export function createDigests(algorithms: readonly ChecksumAlgorithm[]): Digests {
  return gather(new Map([...new Set(algorithms)].map(name => [name, digestOf(name)])))
}

function gather(digests: ReadonlyMap<ChecksumAlgorithm, Digest>): Digests {
  return {
    update(bytes) {
      for (const digest of digests.values()) digest.update(bytes)
    },
    copy: () => gather(new Map([...digests].map(([name, digest]) => [name, digest.copy()]))),
    finish: () => Object.fromEntries([...digests].map(([name, digest]) => [name, digest.hex()])),
  }
}

function digestOf(algorithm: ChecksumAlgorithm): Digest {
  return algorithm === 'ADLER32' ? new Adler32() : hashing(createHash(algorithm.toLowerCase()))
}

function hashing(hash: ReturnType<typeof createHash>): Digest {
  return {
    update: bytes => hash.update(bytes),
    copy: () => hashing(hash.copy()),
    hex: () => hash.digest('hex'),
  }
}

const adlerModulus = 65_521
/** So many sums of bytes cannot overflow 32 bits (zlib's NMAX is 5552). */
const adlerRun = 3800

/** RFC 1950, 9. Node's zlib does not offer it. */
class Adler32 implements Digest {
  #low: number
  #high: number
  constructor(low = 1, high = 0) {
    this.#low = low
    this.#high = high
  }
  update(bytes: Uint8Array): void {
    let low = this.#low
    let high = this.#high
    for (let start = 0; start < bytes.length; start += adlerRun) {
      const end = Math.min(start + adlerRun, bytes.length)
      for (let index = start; index < end; index++) {
        low += bytes[index] ?? 0
        high += low
      }
      low %= adlerModulus
      high %= adlerModulus
    }
    this.#low = low
    this.#high = high
  }
  copy(): Adler32 {
    return new Adler32(this.#low, this.#high)
  }
  hex(): string {
    return (this.#high * 0x1_0000 + this.#low).toString(16).padStart(8, '0')
  }
}

/** A wrong one must not be believed by those who download later. */
export function requireSame(expected: Checksums, found: Checksums): void {
  if (algorithmsOf(expected).every(name => expected[name] === found[name])) return
  throw new Failure(
    'invalid',
    'files/checksum-mismatch',
    'What arrived does not have the checksum that was announced.',
  )
}
