import type { Database } from '../../lib/database.ts'
import type { Entry, Volume } from '../schema.ts'
import { createLastSeenStore, type LastSeenRow } from '../store/last-seen.ts'

type Seen = Pick<LastSeenRow, 'id' | 'etag'>

/**
 * A share whose pool is away stays in the listing as it was: with its last id and etag a sync client sees no reason to look
 * into it, and finds nothing missing.
 */
export interface LastSeen {
  /** The top of a volume that is there. */
  note(volume: Volume, entry: Entry): void
  of(volume: Volume): Seen | undefined
  load(): Promise<void>
  /** Of the volumes that are away, or at the end of all. */
  keep(which?: 'all'): Promise<void>
}

export function createLastSeen(
  database: Database | undefined,
  everyVolume: () => readonly Volume[],
): LastSeen {
  const store = database && createLastSeenStore(database)
  const seen = new Map<string, Seen>()
  /** Differs from what is kept. */
  const fresh = new Set<string>()

  return {
    note(volume, { id, etag }) {
      if (id === undefined || etag === undefined) return
      const key = keyOf(volume)
      const known = seen.get(key)
      if (known?.etag === etag && known.id === id) return
      seen.set(key, { id, etag })
      fresh.add(key)
    },
    of: volume => seen.get(keyOf(volume)),
    async load() {
      for (const { volume, id, etag } of (await store?.all()) ?? []) seen.set(volume, { id, etag })
    },
    async keep(which) {
      const away = new Set(
        everyVolume()
          .filter(({ isAvailable }) => !isAvailable)
          .map(keyOf),
      )
      const wanted = [...fresh].filter(key => which === 'all' || away.has(key))
      for (const key of wanted) fresh.delete(key)
      await store?.keep(
        wanted.flatMap(volume => {
          const known = seen.get(volume)
          return known ? [{ volume, ...known }] : []
        }),
      )
    },
  }
}

function keyOf({ pool, kind, name }: Volume): string {
  return `${pool}/${kind}/${name}`
}
