const second = 1000
const day = 86_400 * second

/** One version stays in each interval, by how long ago it was made: the rule of Nextcloud. What has a label stays anyway. */
export const thinningSteps = [
  { upToMs: 10 * second, everyMs: 2 * second },
  { upToMs: 60 * second, everyMs: 10 * second },
  { upToMs: 3600 * second, everyMs: 60 * second },
  { upToMs: day, everyMs: 3600 * second },
  { upToMs: 30 * day, everyMs: day },
  { upToMs: Number.POSITIVE_INFINITY, everyMs: 7 * day },
] as const

export interface Thinnable {
  name: string
  /** When it became a version. */
  keptAtMs: number
  isLabelled: boolean
}

/**
 * The names of those that are not the last of their interval. Intervals lie fixed on the clock and within one another, so
 * that it does not matter how often this is done, not even while somebody saves every second.
 */
export function superfluous(versions: readonly Thinnable[], nowMs: number): string[] {
  const newestFirst = versions
    .filter(({ isLabelled }) => !isLabelled)
    .sort((one, other) => other.keptAtMs - one.keptAtMs)
  const taken = new Set<string>()
  return newestFirst.flatMap(({ name, keptAtMs }) => {
    const every = everyMs(nowMs - keptAtMs)
    const interval = `${every} ${Math.floor(keptAtMs / every)}`
    if (taken.has(interval)) return [name]
    taken.add(interval)
    return []
  })
}

function everyMs(ageMs: number): number {
  return thinningSteps.find(({ upToMs }) => ageMs < upToMs)?.everyMs ?? 7 * day
}
