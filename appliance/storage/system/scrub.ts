import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../lib/failure.ts'
import type { OperationContext } from '../../lib/operation.ts'
import { run } from '../../lib/run.ts'
import { isCleanScrub, parseScrubStatus } from '../parse/scrub.ts'
import { copiesOf } from '../plan/pool-state.ts'
import type { PoolFacts } from '../schema.ts'
import type { PoolPlace } from './backend.ts'
import { readBtrfsFacts } from './facts.ts'

export interface ScrubResult {
  isClean: boolean
  corrected: number
  uncorrectable: number
}

const pollMs = 500
const daysMs = 20 * 24 * 3600_000

/**
 * Reads everything and mends what can be mended. After a clean run the disks' error counters start anew: that is how
 * a disk that was away for a while is trusted again.
 */
export async function scrub(pool: PoolPlace, { report, signal }: OperationContext): Promise<ScrubResult> {
  // What is not yet written out would be compared in memory: a scrub before it says "no errors" and leaves thousands.
  await run(['btrfs', 'filesystem', 'sync', pool.place], { timeoutMs: daysMs })
  const total = bytesToRead(await readBtrfsFacts(pool))
  const polling = new AbortController()
  const stop = () => void run(['btrfs', 'scrub', 'cancel', pool.place], { expected: [1, 2] })
  signal.addEventListener('abort', stop, { once: true })
  try {
    const work = run(['btrfs', 'scrub', 'start', '-B', pool.place], { expected: [1, 3], timeoutMs: daysMs })
    const watching = followScrub(pool, total, report, polling.signal)
    await work
    polling.abort()
    await watching
  } finally {
    polling.abort()
    signal.removeEventListener('abort', stop)
  }
  if (signal.aborted) throw new Failure('cancelled', 'storage/scrub-cancelled', 'The scrub was cancelled.')
  const found = await scrubStatus(pool)
  const isClean = isCleanScrub(found)
  if (isClean) await run(['btrfs', 'device', 'stats', '--reset', pool.place])
  return {
    isClean,
    corrected: found.counts.corrected_errors ?? 0,
    uncorrectable: found.counts.uncorrectable_errors ?? 0,
  }
}

async function followScrub(
  pool: PoolPlace,
  total: number,
  report: OperationContext['report'],
  signal: AbortSignal,
) {
  while (!signal.aborted) {
    await delay(pollMs, undefined, { signal }).catch(ignoreAbort)
    if (signal.aborted) return
    const { bytesScrubbed } = await scrubStatus(pool)
    report({
      fraction: Math.min(1, bytesScrubbed / Math.max(1, total)),
      message: 'Reading and checking every file',
    })
  }
}

async function scrubStatus({ place }: PoolPlace) {
  return parseScrubStatus((await run(['btrfs', 'scrub', 'status', '-R', place])).stdout)
}

function bytesToRead({ chunks }: PoolFacts): number {
  return chunks.reduce((total, chunk) => total + chunk.usedBytes * copiesOf(chunk.profile), 0)
}

/** The wait ends early when the work has ended. */
export function ignoreAbort(error: unknown): void {
  if (error instanceof Error && error.name === 'AbortError') return
  throw error
}
