/** A small seeded generator (mulberry32): the same seed, the same run. */
export interface Random {
  seed: number
  /** 0 to below `limit`. */
  below(limit: number): number
  pick<T>(choices: readonly T[]): T
  chance(probability: number): boolean
}

export function createRandom(seed = Number(process.env.CAIRN_TEST_SEED ?? Date.now() % 1_000_000)): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    seed,
    below,
    pick: choices => choices[below(choices.length)] as (typeof choices)[number],
    chance: probability => next() < probability,
  }
}
