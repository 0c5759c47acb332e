export interface Memory<T> {
  value(): T
  /** Reads again. Whoever waits for it sees what was there when it was called, or later. */
  refresh(): Promise<void>
}

/** A copy of decided state for synchronous readers. Refreshes asked for while one runs become one more. */
export function createMemory<T>(initial: T, load: () => Promise<T>): Memory<T> {
  let value = initial
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  function read(): Promise<void> {
    running = load()
      .then(loaded => {
        value = loaded
      })
      .finally(() => {
        running = undefined
      })
    return running
  }

  return {
    value: () => value,
    refresh() {
      if (!running) return read()
      next ??= Promise.allSettled([running]).then(() => {
        next = undefined
        return read()
      })
      return next
    },
  }
}
