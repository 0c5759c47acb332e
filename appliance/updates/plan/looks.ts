const hour = 3_600_000
const day = 24 * hour

/** `chance`, from 0 to 1, spreads boxes over the hours, so that they do not all ask at once. */
export function nextLook(nowMs: number, chance: number): number {
  return nowMs + 20 * hour + chance * 8 * hour
}

/** Not in the first minutes after a start: there is enough to do then, and the clock may not be right yet. */
export function firstLook(nowMs: number, chance: number): number {
  return nowMs + hour / 6 + chance * hour
}

/** When it is due, by what was planned before this start; a clock that was wrong then has planned nonsense. */
export function dueAt(startMs: number, plannedMs: number | null, chance: number): number {
  const first = firstLook(startMs, chance)
  return plannedMs === null ? first : Math.max(first, Math.min(plannedMs, nextLook(startMs, 1)))
}

const failsForMs = 14 * day
/** A box that is mostly off has not failed for long by having failed twice. */
const failsTimes = 7

/** Whether nothing was found out for so long that somebody should know. */
export function isFailingLong(
  { failingSince, failures }: { failingSince: number | null; failures: number },
  nowMs: number,
): boolean {
  return failingSince !== null && failures >= failsTimes && nowMs - failingSince >= failsForMs
}
