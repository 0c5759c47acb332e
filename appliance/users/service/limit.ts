import { Failure } from '../../lib/failure.ts'

export type Limit = <T>(work: () => Promise<T>) => Promise<T>

/** At most `concurrency` at once and `maxWaiting` in line: each costs memory, and a 1 GB box has little. */
export function createLimit(concurrency: number, maxWaiting: number): Limit {
  const waiting: (() => void)[] = []
  let active = 0

  async function turn() {
    if (active < concurrency) active += 1
    else if (waiting.length >= maxWaiting) throw tooBusy()
    else await new Promise<void>(resolve => waiting.push(resolve))
  }

  /** The place of one that is done goes to the next in line. */
  function leave() {
    const next = waiting.shift()
    if (next) next()
    else active -= 1
  }

  return async work => {
    await turn()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}

function tooBusy(): Failure {
  return new Failure('throttled', 'auth/busy', 'Too many people are signing in at once. Try again.', {
    details: { retryAfterSeconds: 1 },
  })
}
