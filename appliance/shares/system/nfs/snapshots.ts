import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NfsExport } from '../../schema.ts'
import { orIfMissing } from '../places.ts'

/** What is shown of a share's past: each snapshot is a subvolume, and so an export, of its own. */
export interface SnapshotExports {
  of(share: NfsExport): Promise<{ number: number; source: string; pseudo: string }[]>
}

/** Above those of shares, and given anew after a restart: nobody writes there. */
const firstNumber = 32_768
const lastNumber = 65_000
/** The newest. */
const mostOfOne = 200

export function createSnapshotExports(poolsDir: string): SnapshotExports {
  const numbers = new Map<string, number>()
  let next = firstNumber

  function numberOf(source: string): number {
    const known = numbers.get(source)
    if (known !== undefined) return known
    const taken = new Set(numbers.values())
    while (taken.has(next)) next = next < lastNumber ? next + 1 : firstNumber
    numbers.set(source, next)
    return next
  }

  return {
    async of({ pool, kind, name }) {
      const folder = join(poolsDir, pool, 'snapshots', kind, name)
      const ids = (await orIfMissing(readdir(folder), [])).filter(id => id.startsWith('@GMT-')).sort()
      const shown = ids.slice(-mostOfOne)
      const sources = new Set(shown.map(id => join(folder, id)))
      for (const source of numbers.keys())
        if (source.startsWith(`${folder}/`) && !sources.has(source)) numbers.delete(source)
      return shown.map(id => {
        const source = join(folder, id)
        return { number: numberOf(source), source, pseudo: `/.snapshots/${name}/${id}` }
      })
    },
  }
}
