import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../../../lib/failure.ts'
import type { Volume } from '../../schema.ts'
import type { OpenPool } from './open-pools.ts'
import { volumeKey } from './trust.ts'

/** What clients ask again and again, of the top of a volume. */
export interface TopFacts {
  inode: number
  etag: string
  size: number
  isWhole: boolean
}

interface Rest {
  path: string
  signature: string
  tops: Map<string, TopFacts>
}

/**
 * Of a pool whose index is closed because nobody used it: what the tops of its volumes were like then. As long as no
 * process has opened it since, that is still so, and a client that asks every half minute wakes no disk.
 */
export function createResting() {
  const rests = new Map<string, Rest>()

  return {
    /** `close` closes the index; what is asked for is read before. */
    rest(pool: OpenPool, volumes: readonly Volume[], close: () => void) {
      const tops = new Map(volumes.flatMap(volume => topOf(pool, volume)))
      close()
      const signature = signatureOf(pool.path)
      if (signature !== undefined) rests.set(pool.name, { path: pool.path, signature, tops })
    },
    wake: (pool: string) => void rests.delete(pool),
    top(volume: Volume): TopFacts | undefined {
      const rest = rests.get(volume.pool)
      if (!rest || !volume.isAvailable || volume.isReadOnly || signatureOf(rest.path) !== rest.signature)
        return undefined
      return rest.tops.get(`${volume.kind}/${volume.name}`)
    },
  }
}

function topOf({ index }: OpenPool, volume: Volume): [string, TopFacts][] {
  const row = index.volume(volumeKey(volume))
  const top = row && index.top(row.number)
  if (!row || !top) return []
  const { inode, etag, size } = top
  return [[`${volume.kind}/${volume.name}`, { inode, etag, size, isWhole: index.store.isWhole(row.number) }]]
}

/** Undefined while any process has it open: then a log lies beside it. */
function signatureOf(path: string): string | undefined {
  const file = join(path, 'index', 'files.db')
  try {
    const { mtimeNs, size, ino } = statSync(file, { bigint: true })
    return existsSync(`${file}-wal`) ? undefined : `${ino}/${mtimeNs}/${size}`
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}
