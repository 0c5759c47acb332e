import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { parseMountinfo } from '../../lib/mountinfo.ts'
import type { PoolSpeed, SyncTimes } from '../schema/index.ts'

/** On the top of the pool, which is in no share. One that a crash has left is removed by the next measuring. */
const fileName = '.cairn-measuring'
const stepBytes = 16 * 1024 ** 2
const mostBytes = 256 * 1024 ** 2
const mostWritingMs = 4_000
const mostSyncingMs = 3_000
const syncs = 40

export interface PoolPlace {
  poolsDir: string
  pool: string
  signal: AbortSignal
}

/** How fast the pool writes what cannot be packed, and how long a sync takes. Null: it is away, or nearly full. */
export function measurePool(place: PoolPlace): Promise<PoolSpeed | null> {
  return withFile(place, async (file, freeBytes) => {
    const budget = Math.min(mostBytes, freeBytes / 20)
    if (budget < stepBytes) return null
    return {
      writeMbPerSecond: await writeSpeed(file, budget, place.signal),
      fsyncMs: await syncTimes(file, syncs, place.signal),
    }
  })
}

/** Only how long a sync takes now. */
export function probePool(place: PoolPlace): Promise<SyncTimes | null> {
  return withFile(place, file => syncTimes(file, syncs / 2, place.signal))
}

async function withFile<T>(
  { poolsDir, pool, signal }: PoolPlace,
  work: (file: FileHandle, freeBytes: number) => Promise<T>,
): Promise<T | null> {
  const folder = join(poolsDir, pool)
  if (!(await isPool(folder))) return null
  const { bavail, bsize } = await statfs(folder)
  const path = join(folder, fileName)
  await rm(path, { force: true })
  try {
    await using file = await open(path, 'wx', 0o600)
    return await work(file, bavail * bsize)
  } catch (error) {
    if (signal.aborted)
      throw new Failure('cancelled', 'tuning/cancelled', 'Measuring was cancelled.', { cause: error })
    // It was pulled, became read-only or full meanwhile: then there is no figure.
    if (['EIO', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOENT', 'EACCES'].includes(errnoOf(error) ?? '')) return null
    throw error
  } finally {
    await rm(path, { force: true }).catch(unlessAway)
  }
}

function unlessAway(error: unknown) {
  if (!['EIO', 'EROFS'].includes(errnoOf(error) ?? '')) throw error
}

/** Below the mount point of a pool that is away nobody writes. Without root a pool is a plain folder. */
async function isPool(folder: string): Promise<boolean> {
  const mounts = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))
  if (mounts.some(({ place }) => place === folder)) return true
  if (process.getuid?.() === 0) return false
  try {
    return (await lstat(folder)).isDirectory()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * Each step is on the disk before the next: else it would be the memory's speed. What else is written meanwhile makes steps
 * slower, never faster: so it is what a quarter of them reach.
 */
async function writeSpeed(file: FileHandle, budget: number, signal: AbortSignal): Promise<number> {
  const piece = randomBytes(stepBytes)
  let bytes = 0
  let busyMs = 0
  const steps: number[] = []
  while (bytes + stepBytes <= budget && busyMs < mostWritingMs) {
    signal.throwIfAborted()
    const from = performance.now()
    await file.write(piece, 0, stepBytes, bytes)
    await file.datasync()
    const tookMs = performance.now() - from
    busyMs += tookMs
    steps.push(tookMs)
    bytes += stepBytes
    // As long again belongs to everybody else.
    await delay(Math.min(tookMs, 500), undefined, { signal })
  }
  const quickMs = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 4)] ?? Number.POSITIVE_INFINITY
  return rounded(stepBytes / 1e6 / (quickMs / 1000))
}

async function syncTimes(file: FileHandle, most: number, signal: AbortSignal): Promise<SyncTimes> {
  const piece = randomBytes(4096)
  const times: number[] = []
  const until = performance.now() + mostSyncingMs
  while (times.length < most && (times.length < 5 || performance.now() < until)) {
    signal.throwIfAborted()
    const from = performance.now()
    await file.write(piece, 0, piece.length, times.length * piece.length)
    await file.sync()
    times.push(performance.now() - from)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    rounded(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)
  return { median: at(0.5), p99: at(0.99) }
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100
}
