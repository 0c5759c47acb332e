import { setTimeout as delay } from 'node:timers/promises'

/** Tries again until it succeeds; when the time is over, how it failed last is how it failed. */
export async function retry<Result>(
  act: () => Promise<Result>,
  { withinMs, pauseMs }: { withinMs: number; pauseMs: number },
): Promise<Result> {
  const giveUpAt = Date.now() + withinMs
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (Date.now() >= giveUpAt) throw error
    }
    await delay(pauseMs)
  }
}
