import type { Events } from '../../lib/events.ts'
import { randomToken } from '../../lib/secret.ts'
import type { Person } from '../schema.ts'
import type { PlaceProgress, ProgressListener } from './copying.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    /** A move or copy that takes more than a moment, for who asked for it. */
    'files/progress': {
      user: string
      /** The same in all news of one. */
      work: string
      what: 'move' | 'copy'
      name: string
      files: number
      /** 0 to 1; null: unknown. */
      fraction: number | null
      state: 'running' | 'done' | 'failed'
    }
  }
}

/** Nobody waits for less. */
const quietMs = 1_000
const everyMs = 500

export type PlaceNews = <T>(
  about: { person: Person; what: 'move' | 'copy'; name: string },
  work: (onProgress: ProgressListener) => Promise<T>,
) => Promise<T>

/** Tells how far a move or copy is, now and then, once it has taken a second. */
export function createPlaceNews(events: Events, nowMs = () => performance.now()): PlaceNews {
  return async ({ person, what, name }, work) => {
    const id = randomToken(64)
    let toldAtMs = nowMs() + quietMs - everyMs
    let last: PlaceProgress | undefined
    const tell = (state: 'running' | 'done' | 'failed') => {
      if (!last) return
      const { files, bytes, totalBytes } = last
      const fraction = totalBytes > 0 ? Math.min(1, bytes / totalBytes) : null
      events.publish('files/progress', { user: person.user, work: id, what, name, files, fraction, state })
    }
    try {
      const result = await work(progress => {
        if (nowMs() - toldAtMs < everyMs) return
        toldAtMs = nowMs()
        last = progress
        tell('running')
      })
      tell('done')
      return result
    } catch (error) {
      tell('failed')
      throw error
    }
  }
}
