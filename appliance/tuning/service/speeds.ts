import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { createBLAKE3, createXXHash3 } from 'hash-wasm'
import type { Measurements } from '../schema/index.ts'
import { samplePieces } from './sample.ts'

const compress = promisify(zstdCompress)

/** Requests are answered between two pieces: none of them takes longer, and as long again is left free. */
const pieceMs = 8
const lookMs = 250

/**
 * How much it does in a second, undisturbed: the best of many short pieces, since on a busy box any of them may have
 * had to wait. `work` does `bytes` each time.
 */
export async function speedOf(work: () => void, bytes: number, signal: AbortSignal): Promise<number> {
  let best = 0
  for (let busyMs = 0; busyMs < lookMs; ) {
    signal.throwIfAborted()
    const from = performance.now()
    let times = 0
    let tookMs = 0
    do {
      work()
      times += 1
      tookMs = performance.now() - from
    } while (tookMs < pieceMs)
    best = Math.max(best, (times * bytes) / 1e6 / (tookMs / 1000))
    busyMs += tookMs
    await delay(tookMs, undefined, { signal })
  }
  return rounded(best)
}

/** A record of TLS. */
const recordBytes = 16 * 1024
const messageBytes = 64 * 1024

export async function cipherSpeeds(signal: AbortSignal): Promise<Measurements['ciphers']> {
  const record = randomBytes(recordBytes)
  const message = randomBytes(messageBytes)
  const nonce = randomBytes(12)
  const [short, long] = [randomBytes(16), randomBytes(32)]
  const tag = { authTagLength: 16 }
  const seal = (make: () => ReturnType<typeof createCipheriv>) => () => {
    const cipher = make()
    cipher.update(record)
    cipher.final()
  }
  const signed = () => {
    const cipher = createCipheriv('aes-128-gcm', short, nonce, tag)
    cipher.setAAD(message)
    cipher.final()
    cipher.getAuthTag()
  }
  const speed = (work: () => void, bytes: number) => speedOf(work, bytes, signal)
  return {
    aes128gcm: await speed(
      seal(() => createCipheriv('aes-128-gcm', short, nonce, tag)),
      recordBytes,
    ),
    aes256gcm: await speed(
      seal(() => createCipheriv('aes-256-gcm', long, nonce, tag)),
      recordBytes,
    ),
    chacha20poly1305: await speed(
      seal(() => createCipheriv('chacha20-poly1305', long, nonce, tag)),
      recordBytes,
    ),
    aes128gmac: await speed(signed, messageBytes),
    hmacSha256: await speed(() => void createHmac('sha256', long).update(message).digest(), messageBytes),
  }
}

export async function hashSpeeds(signal: AbortSignal): Promise<Measurements['hashes']> {
  const piece = randomBytes(messageBytes)
  const native = (name: string) =>
    speedOf(() => void createHash(name).update(piece).digest(), messageBytes, signal)
  const [blake3, xxh3] = await Promise.all([createBLAKE3(), createXXHash3()])
  return {
    sha256: await native('sha256'),
    blake3: await speedOf(() => void blake3.init().update(piece).digest(), messageBytes, signal),
    xxh3: await speedOf(() => void xxh3.init().update(piece).digest(), messageBytes, signal),
    md5: await native('md5'),
  }
}

const levels = [1, 2, 3, 5, 7, 9, 12, 15]
const packMs = 400
const leastRounds = 2
/** Btrfs packs 128 KiB by themselves, whose size it tells zstd beforehand. */
const windowLog = 17

/** Off this thread: a piece at a high level may take long. */
export async function compressionSpeeds(signal: AbortSignal): Promise<Measurements['compression']> {
  const pieces = samplePieces()
  const found: Measurements['compression'] = []
  for (const level of levels) found.push({ level, ...(await packed(pieces, level, signal)) })
  return found
}

/** Of each piece the shortest time, since any of them may have had to wait for somebody else. */
async function packed(pieces: readonly Buffer[], level: number, signal: AbortSignal) {
  const shortest = pieces.map(() => Number.POSITIVE_INFINITY)
  const sizes = pieces.map(() => 0)
  let busyMs = 0
  for (let round = 0; round < leastRounds || busyMs < packMs; round++)
    for (const [index, piece] of pieces.entries()) {
      signal.throwIfAborted()
      const from = performance.now()
      sizes[index] = await packedSize(piece, level)
      const tookMs = performance.now() - from
      shortest[index] = Math.min(shortest[index] ?? tookMs, tookMs)
      busyMs += tookMs
      await delay(Math.min(tookMs, 100), undefined, { signal })
    }
  const bytes = sum(pieces.map(piece => piece.length))
  return {
    mbPerSecond: rounded(bytes / 1e6 / (sum(shortest) / 1000)),
    ratio: Math.round((bytes / sum(sizes)) * 100) / 100,
  }
}

async function packedSize(piece: Buffer, level: number): Promise<number> {
  const { length } = await compress(piece, {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: windowLog },
    pledgedSrcSize: piece.length,
    chunkSize: 2 * piece.length,
  })
  return length
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

const memoryBytes = 32 * 1024 ** 2
const copyBytes = 1024 ** 2

export async function memorySpeed(signal: AbortSignal): Promise<number> {
  const from = Buffer.alloc(memoryBytes, 1)
  const to = Buffer.alloc(memoryBytes, 2)
  let at = 0
  const copy = () => {
    from.copy(to, at, at, at + copyBytes)
    at = (at + copyBytes) % memoryBytes
  }
  return speedOf(copy, copyBytes, signal)
}

export function rounded(number: number): number {
  return Math.round(number * 10) / 10
}
