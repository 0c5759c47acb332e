import type { z } from 'zod'
import { failureRecord } from './failure.ts'
import { leaveWish, type leaving } from './launcher.ts'
import type { Log } from './log.ts'
import { createServiceNotice, type IsWell, type ServiceManager } from './service-notice.ts'

export interface Started {
  /** For people, printed by the launcher. */
  lines: string[]
  /** `recovery`: only a page answers that says what is wrong. */
  state: 'ready' | 'recovery'
}

/** What one process does between its start and its end. */
export interface Lifecycle {
  /** `setup` is the unattended setup that the launcher hands over, or null. */
  start(setup: unknown): Promise<Started>
  /** Takes no new work, says so, and ends when what is under way has ended. */
  leave?(onClosed: () => void): Promise<void>
  stop(): Promise<void>
  /** Whether it does its work; asked now and then while systemd watches. */
  isWell?: IsWell
}

export interface Parents {
  /** The launcher sends `{setup}` and waits for `{ready}` or `{failed}`. */
  isLaunched: boolean
  serviceManager: ServiceManager | null
}

/**
 * Runs it, under the launcher, systemd, both or neither. SIGTERM, SIGINT and the parent's death stop it once; asked to
 * leave, it ends its work first.
 */
export async function live(
  { start, leave, stop, isWell }: Lifecycle,
  log: Log,
  { isLaunched, serviceManager }: Parents,
): Promise<void> {
  const notice = createServiceNotice(serviceManager, { isWell, log })
  let isStopping = false
  const end = async (code = 0) => {
    if (isStopping) return
    isStopping = true
    notice.stopping()
    try {
      await stop()
      process.exit(code)
    } catch (error) {
      log.error('did not stop cleanly', { error })
      process.exit(1)
    }
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end())
  process.once('disconnect', () => void end())
  process.on('message', said => {
    if (leave && leaveWish.safeParse(said).success)
      leave(() => tellLauncher({ leaving: true })).then(
        () => end(),
        error => {
          log.error('did not leave in order', { error })
          return end(1)
        },
      )
  })
  try {
    const ready = await start(isLaunched ? await setupFromLauncher() : null)
    notice.ready()
    if (isLaunched) tellLauncher({ ready })
  } catch (error) {
    log.error('did not start', { error })
    if (isLaunched) tellLauncher({ failed: failureRecord(error).message })
    await end(1)
  }
}

/** One that has gone meanwhile needs no answer: `disconnect` ends us. */
function tellLauncher(message: { ready: Started } | { failed: string } | z.infer<typeof leaving>) {
  process.send?.(message, undefined, undefined, () => undefined)
}

async function setupFromLauncher(): Promise<unknown> {
  return new Promise(resolve => {
    process.once('message', (message: { setup?: unknown }) => resolve(message.setup ?? null))
  })
}
