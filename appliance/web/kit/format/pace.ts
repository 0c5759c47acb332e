interface Sample {
  atMs: number
  done: number
}

const windowMs = 8_000

/** How fast something goes, over the last seconds: a mean since the start would hide that it stalls. */
export function createPace() {
  let samples: Sample[] = []
  return {
    add(done: number, atMs: number) {
      samples = [...samples.filter(sample => atMs - sample.atMs <= windowMs), { atMs, done }]
    },
    /** Units per second; undefined as long as it cannot be told. */
    perSecond(): number | undefined {
      const first = samples[0]
      const last = samples.at(-1)
      if (!first || !last || last.atMs - first.atMs < 500 || last.done <= first.done) return undefined
      return ((last.done - first.done) / (last.atMs - first.atMs)) * 1000
    },
  }
}

export type Pace = ReturnType<typeof createPace>
