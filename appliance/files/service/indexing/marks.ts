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
  /** Signs of life since then that were proven. */
  proofs: number
  number: number
  period: number
  mark: ChangeMark
  subvolume: number
}

/** A proof is an event that was made with the sign of life before: the second one was made after the mark. */
const proofsNeeded = 2
const everyMs = 10 * 60_000
const everyChanges = 20_000

/**
 * Once in a while each changed volume gets a new mark to go on from. It holds only when all that the feed told up to
 * then has been taken in: so it is kept with a sign of life that is proven to come after all that.
 */
export function createMarks({ changes, trust, pools, volumesOf, signal }: MarksDeps) {
  const counts = new Map<string, { changes: number; sinceMs: number }>()
  let fresh: NewMark[] = []

  function keep(name: string) {
    for (const one of fresh) if (one.pool === name) one.proofs += 1
    const some = fresh.filter(one => one.pool === name && one.proofs >= proofsNeeded)
    const store = some.length > 0 ? pools.named(name)?.index.store : undefined
    if (!store) return
    fresh = fresh.filter(one => !some.includes(one))
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
          fresh.push({ pool: pool.name, proofs: 0, number: row.number, period, mark, subvolume: subvolumeId })
        break
      }
    }
    store.checkpoint()
  }

  return {
    /** What the feed told of this pool up to now may be lost. */
    forget(pool: string) {
      fresh = fresh.filter(one => one.pool !== pool)
    },
    count(pool: string, names: number) {
      const known = counts.get(pool)
      if (known) known.changes += names
      else counts.set(pool, { changes: names, sinceMs: Date.now() })
    },
    /** `isAllTaken`: all that was told before has been taken in, and nothing waits in between. */
    async signOfLife(name: string, isAllTaken: boolean) {
      if (isAllTaken) keep(name)
      const pool = isDue(name) ? pools.named(name) : undefined
      if (pool) await look(pool)
    },
  }
}
