/** So long nothing must have come from a person before what came is put together. */
export const quietMs = 10_000
/** What came longer before the last of a folder than this was deleted by itself. */
export const burstMs = 10 * 60_000

export interface Arrivals {
  newestMs: number
  oldestMs: number
}

export function isQuiet(newestMs: number, nowMs: number): boolean {
  return nowMs - newestMs >= quietMs
}

/** Whether some of a folder went before the rest of it, on another occasion. */
export function isSeveralBursts({ newestMs, oldestMs }: Arrivals): boolean {
  return newestMs - oldestMs > burstMs
}

export function isOfAnEarlierBurst(arrivedMs: number, { newestMs }: Arrivals): boolean {
  return newestMs - arrivedMs > burstMs
}

const copyPattern = /^Copy #\d+ of (.+)$/s

/**
 * What Samba's `recycle` has called `Copy #1 of a.txt`, since an `a.txt` lay there already. A file that was really
 * called so has no such neighbour.
 */
export function originalName(name: string, isThere: (name: string) => boolean): string {
  const original = copyPattern.exec(name)?.[1]
  return original !== undefined && isThere(original) ? original : name
}
