import { fsync } from 'node:fs'

export interface SyncQueue {
  /** Done when the file behind `fd` has reached the disk. */
  sync(fd: number): Promise<void>
}

/**
 * All fsyncs go through here. On Btrfs one after the other is faster than many at once (they share the log tree's
 * commits), so there is one lane unless the tuning has measured better.
 */
export function createSyncQueue({ lanes = 1 }: { lanes?: number } = {}): SyncQueue {
  const waiting: (() => void)[] = []
  let free = lanes

  function next() {
    const run = waiting.shift()
    if (run) run()
    else free += 1
  }

  return {
    sync: fd =>
      new Promise((resolve, reject) => {
        const run = () =>
          fsync(fd, error => {
            next()
            if (error) reject(error)
            else resolve()
          })
        if (free === 0) return void waiting.push(run)
        free -= 1
        run()
      }),
  }
}
