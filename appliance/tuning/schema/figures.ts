import { z } from 'zod'

const count = z.number().int().nonnegative()
const rate = z.number().nonnegative().describe('MB/s, of one core.')

export const syncTimes = z.object({ median: z.number().nonnegative(), p99: z.number().nonnegative() })
export type SyncTimes = z.infer<typeof syncTimes>

export const poolSpeed = z.object({ writeMbPerSecond: z.number().nonnegative(), fsyncMs: syncTimes })
export type PoolSpeed = z.infer<typeof poolSpeed>

/** What the calibration found on this very machine. Null: could not be measured here. */
export const measurements = z.object({
  takenAt: z.iso.datetime(),
  machine: z.string().describe('Fingerprint of the hardware: other hardware, other figures.'),
  tookMs: count,
  ciphers: z.object({
    aes128gcm: rate,
    aes256gcm: rate,
    chacha20poly1305: rate,
    aes128gmac: rate.describe('Signs without encrypting.'),
    hmacSha256: rate,
  }),
  hashes: z.object({ sha256: rate, blake3: rate, xxh3: rate, md5: rate }),
  compression: z.array(
    z.object({ level: count, mbPerSecond: rate, ratio: z.number().positive().describe('2: half the size.') }),
  ),
  memoryMbPerSecond: z.number().nonnegative().nullable(),
  loopbackMbPerSecond: z.number().nonnegative().nullable(),
  pools: z.array(poolSpeed.extend({ name: z.string() })),
})
export type Measurements = z.infer<typeof measurements>
