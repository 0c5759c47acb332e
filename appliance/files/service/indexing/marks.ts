import type { ChangeMark, Changes } from '../../../storage/index.ts'
import type { Volume } from '../../schema.ts'
import type { OpenPool, OpenPools } from './open-pools.ts'
import { type Trust, volumeKey } from './trust.ts'

export interface MarksDeps {
  changes: Pick<Changes, 'since'>
  trust: Trust
  pools: OpenPools
  volumesOf(pool: string): Volume[]
  signal: AbortSignal
}

interface NewMark {
  pool: string
  number: number
  period: number
  mark: ChangeMark
  subvolume: number
}

const everyMs = 10 * 60_000
const everyChanges = 20_000

/**
 * Once in a while each changed volume gets a new mark to go on from. It holds only when all that the feed told up to
 * then has been taken in: so it is kept with the next sign of life, which comes after all that.
 */
export function createMarks({ changes, trust, pools, volumesOf, signal }: MarksDeps) {
  const counts = new Map<string, { changes: number; sinceMs: number }>()
  let fresh: NewMark[] = []

  function keep(name: string) {
    const some = fresh.filter(one => one.pool === name)
    const store = some.length > 0 ? pools.named(name)?.index.store : undefined
    if (!store) return
    fresh = fresh.filter(one => one.pool !== name)
    for (const { number, period, mark, subvolume } of some)
      store.write(() => {
        store.setMark(number, { ...mark, subvolume })
        store.untouch(number, period)
      })
  }

  function isDue(pool: string): boolean {
    const count = counts.get(pool)
    if (!count) return false
    return count.changes >= everyChanges || Date.now() - count.sinceMs >= everyMs
  }

  async function look(pool: OpenPool) {
    counts.delete(pool.name)
    const { store } = pool.index
    for (const volume of volumesOf(pool.name)) {
      const row = trust.has(volume) ? pool.index.volume(volumeKey(volume)) : undefined
      if (!row || store.countTouched(row.number) === 0) continue
      const period = store.nextPeriod(row.number)
      const place = { pool: pool.name, kind: row.kind, name: row.name }
      // The first page of a listing of everything brings the mark; the rest is not asked for.
      for await (const { mark, subvolumeId } of changes.since(place, null)) {
        if (!signal.aborted)
          fresh.push({ pool: pool.name, number: row.number, period, mark, subvolume: subvolumeId })
        break
      }
    }
    store.checkpoint()
  }

  return {
    count(pool: string, names: number) {
      const known = counts.get(pool)
      if (known) known.changes += names
      else counts.set(pool, { changes: names, sinceMs: Date.now() })
    },
    async signOfLife(name: string) {
      keep(name)
      const pool = isDue(name) ? pools.named(name) : undefined
      if (pool) await look(pool)
    },
  }
}
