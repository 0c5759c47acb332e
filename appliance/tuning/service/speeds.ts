import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import { createBLAKE3, createXXHash3 } from 'hash-wasm'
import type { Measurements } from '../schema.ts'
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

/** Btrfs packs 128 KiB at a time, and knows the levels 1 to 15. */
const levels = [1, 2, 3, 5, 7, 9, 12, 15]
const packMs = 300

/** Off this thread: a piece at a high level may take long. */
export async function compressionSpeeds(signal: AbortSignal): Promise<Measurements['compression']> {
  const pieces = samplePieces()
  const found: Measurements['compression'] = []
  for (const level of levels) found.push({ level, ...(await packed(pieces, level, signal)) })
  return found
}

async function packed(pieces: readonly Buffer[], level: number, signal: AbortSignal) {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  let [before, after, best, busyMs] = [0, 0, 0, 0]
  // All pieces once at least: they differ, and so the levels would not be compared on the same.
  for (let count = 0; count < pieces.length || busyMs < packMs; count++) {
    signal.throwIfAborted()
    const piece = pieces[count % pieces.length] as Buffer
    const from = performance.now()
    const { length } = await compress(piece, { params })
    const tookMs = performance.now() - from
    before += piece.length
    after += length
    busyMs += tookMs
    best = Math.max(best, piece.length / 1e6 / (tookMs / 1000))
    await delay(Math.min(tookMs, 100), undefined, { signal })
  }
  const mean = before / 1e6 / (busyMs / 1000)
  // A piece that packs easily is no measure for the others: the mean, but for what had to wait.
  return {
    mbPerSecond: rounded(Math.min(best, mean * 1.25)),
    ratio: Math.round((before / after) * 100) / 100,
  }
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
