import type { Events } from '../../lib/events.ts'
import type { Location } from '../schema.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    /** Something in that folder changed; `path` is its path in the volume (`share:NAME`, `home:USER`). */
    'files/changed': { volume: string; path: string }
  }
}

const gatherMs = 100
const manyFolders = 200

/** Tells which folders changed, once for many changes in a row. */
export function createNews(events: Events) {
  let folders = new Map<string, { volume: string; path: string }>()
  let timer: NodeJS.Timeout | undefined

  function send() {
    timer = undefined
    const changed = folders
    folders = new Map()
    for (const one of changed.values()) events.publish('files/changed', one)
  }

  return {
    /** `location` is what was made, changed or removed. */
    changed({ volume, path }: Location): void {
      const folder = path.slice(0, -1).join('/')
      if (folders.size < manyFolders) folders.set(`${volume}/${folder}`, { volume, path: `/${folder}` })
      timer ??= setTimeout(send, gatherMs).unref()
    },
    stop(): void {
      clearTimeout(timer)
    },
  }
}
