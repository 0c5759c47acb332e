import type { Events } from '../../../lib/events.ts'
import { randomToken } from '../../../lib/secret.ts'
import type { Volume } from '../../schema.ts'
import type { VolumeKey } from './pool-index.ts'

declare module '../../../lib/events.ts' {
  interface EventMap {
    /** What the index says of this volume is so from here on, or may not be. */
    'files/index-changed': { volume: string; isTrue: boolean }
    /** A process that has just begun asks the one who knows. */
    'files/index-asked': { by: string }
  }
}

export interface TrustDeps {
  events: Events
  everyVolume(): readonly Volume[]
}

/** Which volumes the index knows as they are. The process that follows the feed decides, and tells the others. */
export function createTrust({ events, everyVolume }: TrustDeps) {
  const trusted = new Set<string>()
  const periods = new Map<string, string>()
  const self = randomToken(64)
  let waiting: (() => void)[] = []

  function take(key: string, isTrue: boolean) {
    if (isTrue) trusted.add(key)
    else trusted.delete(key)
    for (const wake of waiting.splice(0)) wake()
  }

  function set(volume: Volume, isTrue: boolean) {
    const key = keyOf(volume)
    // That it is true again is said each time: another process may have doubted it, unheard.
    if (!isTrue && !trusted.has(key)) return
    take(key, isTrue)
    events.publish('files/index-changed', { volume: key, isTrue })
  }

  return {
    set,
    has: (volume: Volume) => trusted.has(keyOf(volume)),
    forget: (pool: string, { kind, name }: VolumeKey) => void trusted.delete(`${pool}/${kind}/${name}`),
    /** Resolves with the next change of any. */
    changed: (signal: AbortSignal) =>
      new Promise<void>(resolve => {
        waiting.push(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      }),
    /**
     * While folders are listed from the disk, an etag of the index must not be taken for a description of what was
     * listed: one that is salted with this stands for it, until index and disk agree again.
     */
    period(volume: Volume): string {
      const known = periods.get(keyOf(volume))
      if (known) return known
      const fresh = randomToken(64)
      periods.set(keyOf(volume), fresh)
      return fresh
    },
    endPeriod: (volume: Volume) => void periods.delete(keyOf(volume)),
    /** `knows`: whether this process is the one that follows the feed. `onDoubt`: another one has met a problem. */
    start(knows: () => boolean, onDoubt: (volume: Volume) => void): () => void {
      const ends = [
        events.on('files/index-changed', ({ volume: key, isTrue }) => {
          const isNews = trusted.has(key) && !isTrue
          take(key, isTrue)
          const volume = isNews ? everyVolume().find(one => keyOf(one) === key) : undefined
          if (volume && knows()) onDoubt(volume)
        }),
        events.on('files/index-asked', ({ by }) => {
          if (by === self || !knows()) return
          for (const volume of everyVolume())
            if (trusted.has(keyOf(volume)))
              events.publish('files/index-changed', { volume: keyOf(volume), isTrue: true })
        }),
      ]
      events.publish('files/index-asked', { by: self })
      return () => {
        for (const end of ends) end()
        waiting = []
      }
    },
  }
}

export type Trust = ReturnType<typeof createTrust>

export function volumeKey({ kind, name }: Volume): VolumeKey {
  return { kind: kind === 'home' ? 'homes' : 'shares', name }
}

export function keyOf(volume: Volume): string {
  const { kind, name } = volumeKey(volume)
  return `${volume.pool}/${kind}/${name}`
}
