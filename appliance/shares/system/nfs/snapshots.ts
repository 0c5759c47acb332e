import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NfsExport } from '../../schema.ts'
import { orIfMissing } from '../places.ts'

export interface SnapshotExport {
  number: number
  source: string
  pseudo: string
}

/** Above those of shares, and given anew after a restart: nobody writes there. */
const firstNumber = 32_768
const lastNumber = 65_000
/** The newest of each share, and of all of them. */
const mostOfOne = 200
const mostOfAll = 2_000

/** What is shown of the past of shares: each snapshot is a subvolume, and so an export, of its own. */
export function createSnapshotExports(poolsDir: string) {
  let numbers = new Map<string, number>()
  let next = firstNumber

  async function snapshotsOf({ pool, kind, name }: NfsExport) {
    const folder = join(poolsDir, pool, 'snapshots', kind, name)
    const ids = (await orIfMissing(readdir(folder), [])).filter(id => id.startsWith('@GMT-')).sort()
    return ids
      .slice(-mostOfOne)
      .map(id => ({ source: join(folder, id), pseudo: `/.snapshots/${name}/${id}` }))
  }

  function freeNumber(taken: ReadonlySet<number>): number {
    while (taken.has(next)) next = next < lastNumber ? next + 1 : firstNumber
    return next
  }

  /** Those of each of these, in their order; a snapshot keeps its number as long as it is asked for. */
  return async function all(exports: readonly NfsExport[]): Promise<SnapshotExport[][]> {
    const found = await Promise.all(exports.map(each => (each.hasSnapshots ? snapshotsOf(each) : [])))
    const sources = new Set(found.flat().map(({ source }) => source))
    const kept = new Map([...numbers].filter(([source]) => sources.has(source)))
    const taken = new Set(kept.values())
    let count = 0
    const given = found.map(some =>
      some.flatMap(one => {
        if (++count > mostOfAll) return []
        const number = kept.get(one.source) ?? freeNumber(taken)
        taken.add(number)
        kept.set(one.source, number)
        return [{ ...one, number }]
      }),
    )
    numbers = kept
    return given
  }
}
