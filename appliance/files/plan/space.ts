export interface PoolSpace {
  totalBytes: number
  freeBytes: number
  /** What trash and versions take. */
  historyBytes: number
}

const gib = 1024 ** 3

/** Below so much free space history gives way: a tenth, at least 1 GiB, but never more than a fifth of a small pool. */
export function leastFreeBytes(totalBytes: number): number {
  return Math.floor(Math.min(Math.max(totalBytes / 10, gib), totalBytes / 5))
}

/** History gives way where space is short, and where it takes more than half of what the files leave. */
export function bytesToFree({ totalBytes, freeBytes, historyBytes }: PoolSpace): number {
  const short = leastFreeBytes(totalBytes) - freeBytes
  const tooMuch = (historyBytes - freeBytes) / 2
  return Math.min(Math.max(Math.ceil(Math.max(short, tooMuch)), 0), historyBytes)
}

const bucketMs = 3_600_000

/** How much of history is how old, by the hour: small, however much there is. */
export class Ages {
  readonly #bytes = new Map<number, number>()
  add(atMs: number, bytes: number): void {
    const bucket = Math.floor(atMs / bucketMs)
    this.#bytes.set(bucket, (this.#bytes.get(bucket) ?? 0) + bytes)
  }
  /** What is older than this makes up so many bytes, as far as there are so many. */
  cutoffMs(bytes: number): number {
    let left = bytes
    for (const [bucket, some] of [...this.#bytes].sort(([one], [other]) => one - other)) {
      if (left <= 0) return bucket * bucketMs
      left -= some
    }
    return bytes > 0 ? Number.POSITIVE_INFINITY : 0
  }
}
