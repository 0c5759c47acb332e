import type { PastVolume } from '../../shares/index.ts'
import { numberOfWhat } from '../schema.ts'
import type { JournalRow, Place } from '../store/journal.ts'

/** A row as one person may see it: `place` and `from` are null where they are not theirs to see. */
export interface SeenRow extends Omit<JournalRow, 'place' | 'path' | 'from'> {
  place: { volume: string; path: string | null } | null
  from: { volume: string; path: string | null } | null
}

/**
 * What somebody with these volumes sees of a row in the journal of `pool`: undefined where it is none of theirs. This
 * alone decides; that a query leaves rows out only saves work.
 */
export function seenBy(volumes: readonly PastVolume[], pool: string, row: JournalRow): SeenRow | undefined {
  const find = ({ pool: elsewhere, volume }: Place) =>
    volumes.find(one => one.volume === volume && one.pool === (elsewhere || pool) && row.at >= one.sinceMs)
  const there = find(row.place)
  const before = row.from ? find(row.from.place) : undefined
  const wasTakenAway = before !== undefined && row.what === numberOfWhat('move')
  if (!there && !wasTakenAway) return undefined
  const { place: _, path, from, ...rest } = row
  const seen = {
    ...rest,
    place: there ? { volume: there.volume, path: there.hasPaths ? path : null } : null,
    from: before && from ? { volume: before.volume, path: before.hasPaths ? from.path : null } : null,
  }
  if (there?.hasPaths) return seen
  // What became of it elsewhere, and what is in a home, is nobody else's business.
  return { ...seen, fileId: there ? null : row.fileId, size: null, etag: null }
}
