import type { Events } from '../../lib/events.ts'
import type { Location } from '../schema.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    /** Something in that folder changed; `path` is its path in the volume (`share:NAME`, `home:USER`). */
    'files/changed': { volume: string; path: string }
    /** Something came to the trash of that volume, or left it. */
    'files/trash-changed': { volume: string }
  }
}

const gatherMs = 100
const manyFolders = 200

/** Tells which folders changed, once for many changes in a row. */
export function createNews(events: Events) {
  let folders = new Map<string, { volume: string; path: string }>()
  let trashes = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  function send() {
    timer = undefined
    const changed = folders
    folders = new Map()
    const trash = trashes
    trashes = new Set()
    for (const one of changed.values()) events.publish('files/changed', one)
    for (const volume of trash) events.publish('files/trash-changed', { volume })
  }

  return {
    /** `location` is what was made, changed or removed. */
    changed({ volume, path }: Location): void {
      const folder = path.slice(0, -1).join('/')
      if (folders.size < manyFolders) folders.set(`${volume}/${folder}`, { volume, path: `/${folder}` })
      timer ??= setTimeout(send, gatherMs).unref()
    },
    trashChanged(volume: string): void {
      trashes.add(volume)
      timer ??= setTimeout(send, gatherMs).unref()
    },
    stop(): void {
      clearTimeout(timer)
    },
  }
}
