const burstMs = 4

/**
 * For long loops of short synchronous calls: `await breathe()` in each round lets other requests run every few
 * milliseconds, and costs nothing in between.
 */
export function createBreather(): () => Promise<void> | undefined {
  let burstStartedAt = performance.now()
  return () => {
    if (performance.now() - burstStartedAt < burstMs) return undefined
    return new Promise(resolve =>
      setImmediate(() => {
        burstStartedAt = performance.now()
        resolve()
      }),
    )
  }
}
