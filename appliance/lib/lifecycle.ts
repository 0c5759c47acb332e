import type { Log } from './log.ts'

/** Starts a process's work; SIGTERM and SIGINT stop it once, and the process ends. */
export async function live(work: { start(): Promise<void>; stop(): Promise<void> }, log: Log): Promise<void> {
  let isStopping = false
  const stop = async () => {
    if (isStopping) return
    isStopping = true
    try {
      await work.stop()
      process.exit(0)
    } catch (error) {
      log.error('did not stop cleanly', { error })
      process.exit(1)
    }
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  await work.start()
}
