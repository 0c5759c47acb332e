import type { ServiceManager } from '../config.ts'
import type { Log } from './log.ts'
import { sendDatagram } from './posix.ts'

export type { ServiceManager }

/** What systemd hears of this process (sd_notify(3)). Without one nothing is sent. */
export interface ServiceNotice {
  /** From now on signs of life follow, while all is well. */
  ready(): void
  stopping(): void
}

/** A sign of life is missed only if two in a row are. */
const signsPerWatch = 3

/** Whether the process does its work; asked anew for each sign of life. Who is asked gives up when `signal` is aborted. */
export type IsWell = (signal: AbortSignal) => Promise<boolean>

export function createServiceNotice(
  manager: ServiceManager | null,
  { isWell, log }: { isWell: IsWell | undefined; log: Log },
): ServiceNotice {
  let signs: NodeJS.Timeout | undefined

  function say(message: string) {
    if (manager) sendDatagram(manager.socket, message)
  }

  // Who answers late is busy and not dead: an answer is waited for as long as systemd does.
  async function giveSign(watchdogMs: number) {
    try {
      if (!isWell || (await isWell(AbortSignal.timeout(watchdogMs)))) say('WATCHDOG=1')
    } catch (error) {
      log.warn('no sign of life', { error })
    }
  }

  return {
    ready() {
      say('READY=1')
      const watchdogMs = manager?.watchdogMs
      if (watchdogMs) signs = setInterval(giveSign, watchdogMs / signsPerWatch, watchdogMs).unref()
    },
    stopping() {
      clearInterval(signs)
      say('STOPPING=1')
    },
  }
}
