import { fsync } from 'node:fs'

export interface SyncQueue {
  /** Done when the file behind `fd` has reached the disk. */
  sync(fd: number): Promise<void>
}

/**
 * All fsyncs go through here, so many at once. Mounted `ssd`, Btrfs lets fsyncs that meet share one commit of the log
 * tree: 48 at once do twice as many a second as eight (docs/webdav.md). On a spinning disk one lane is better; the
 * tuning decides. Each takes a thread of libuv's pool while it waits (UV_THREADPOOL_SIZE).
 */
export function createSyncQueue({ lanes = 48 }: { lanes?: number } = {}): SyncQueue {
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
