import type { Log } from './log.ts'

/** Something that runs beside the operations: practice disks, mounts, smbd. */
export interface Part {
  name: string
  start?(): Promise<void>
  stop?(): Promise<void>
}

export interface Parts {
  add(part: Part): void
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Parts start in the order they were added and stop in the opposite one. One that breaks holds up no other. A stop waits
 * for the part that is starting: what that makes behind its back would stay.
 */
export function createParts(log: Log): Parts {
  const parts: Part[] = []
  const attempt = async (part: Part, verb: 'start' | 'stop') => {
    try {
      await part[verb]?.()
    } catch (error) {
      log.error(`${part.name} did not ${verb}`, { error })
    }
  }
  let starting = Promise.resolve()
  let isStopping = false

  async function startAll() {
    for (const part of parts) if (!isStopping) await attempt(part, 'start')
  }

  return {
    add: part => void parts.push(part),
    start() {
      starting = startAll()
      return starting
    },
    async stop() {
      isStopping = true
      await starting
      for (const part of parts.toReversed()) await attempt(part, 'stop')
    },
  }
}
