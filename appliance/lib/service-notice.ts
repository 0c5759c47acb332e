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

export function createServiceNotice(
  manager: ServiceManager | null,
  { isWell, log }: { isWell: (() => Promise<boolean>) | undefined; log: Log },
): ServiceNotice {
  let signs: NodeJS.Timeout | undefined

  function say(message: string) {
    if (manager) sendDatagram(manager.socket, message)
  }

  async function giveSign() {
    try {
      if (!isWell || (await isWell())) say('WATCHDOG=1')
    } catch (error) {
      log.warn('no sign of life', { error })
    }
  }

  return {
    ready() {
      say('READY=1')
      if (manager?.watchdogMs) signs = setInterval(giveSign, manager.watchdogMs / signsPerWatch).unref()
    },
    stopping() {
      clearInterval(signs)
      say('STOPPING=1')
    },
  }
}
