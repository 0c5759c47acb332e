const mostRounds = 5

/** Another process may have applied something newer in between: what was applied last must be what is decided. */
export async function applyDecided<T>(decided: () => Promise<T>, apply: (wanted: T) => Promise<unknown>) {
  let wanted = await decided()
  for (let round = 0; round < mostRounds; round++) {
    await apply(wanted)
    const now = await decided()
    if (JSON.stringify(now) === JSON.stringify(wanted)) return
    wanted = now
  }
}
