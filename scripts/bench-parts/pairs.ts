/** What two ways of doing the same differ by, from runs that alternate: what else the machine does meets both. */

export interface Interval {
  /** Of the ratios. */
  median: number
  low: number
  high: number
}

const wantedCoverage = 0.95
/** Fewer have no interval that covers so much. */
export const fewestPairs = 6
const toleratedLoss = 0.03

/**
 * The median of the ratios and an interval that holds the true one in at least 95 of 100 cases, whatever their
 * distribution is: a pair that something came between is one of many, however far out it lies (order statistics; of ten
 * pairs the second to the ninth, 97.9 %).
 */
export function intervalOf(ratios: readonly number[]): Interval {
  if (ratios.length < fewestPairs) throw new Error(`at least ${fewestPairs} pairs make an interval`)
  const sorted = ratios.toSorted((a, b) => a - b)
  const skipped = skippedOf(ratios.length)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const last = ratios.length - 1
  return {
    median: (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2,
    low: at(skipped),
    high: at(last - skipped),
  }
}

/** How many at either end lie outside: the most for which the rest still covers enough. */
function skippedOf(count: number): number {
  let chance = 0.5 ** count
  let outside = chance
  let skipped = 0
  // The next at either end may go as well, if the true median is seldom enough beyond it.
  for (let below = 1; below < count / 2; below += 1) {
    chance *= (count - below + 1) / below
    outside += chance
    if (1 - 2 * outside < wantedCoverage) break
    skipped = below
  }
  return skipped
}

export type Verdict = 'faster' | 'nothing measurable' | 'slower, within what is tolerated' | 'SLOWER'

/** Of ratios above 1 for faster. It counts as a failure only where all of the interval is below -3 %. */
export function verdictOf({ low, high }: Interval): Verdict {
  if (high < 1 - toleratedLoss) return 'SLOWER'
  if (high < 1) return 'slower, within what is tolerated'
  return low > 1 ? 'faster' : 'nothing measurable'
}

/** `+1.2 %`. */
export function percentOf(ratio: number): string {
  const percent = (ratio - 1) * 100
  return `${percent < 0 ? '' : '+'}${percent.toFixed(1)} %`
}

/**
 * Does each once for nobody, then all of them in each round; who is first goes round too. Resolves with what each took
 * in each round.
 */
export async function inTurn(rounds: number, works: readonly (() => Promise<number>)[]): Promise<number[][]> {
  const took = works.map((): number[] => [])
  for (const work of works) await work()
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < works.length; place += 1) {
      const turn = (round + place) % works.length
      const seconds = await works[turn]?.()
      if (seconds !== undefined) took[turn]?.push(seconds)
    }
  }
  return took
}

/** How many times as fast as the other one was, round by round; both are times. */
export function ratiosOf(times: readonly number[], others: readonly number[]): number[] {
  return times.map((time, round) => (others[round] ?? Number.NaN) / time)
}
