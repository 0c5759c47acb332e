import type { IndexStore } from '../../store/index-store.ts'
import { contributionOf, plus, type Sum } from './etags.ts'

/** What the entries of a folder make of it, taken from each of them. */
export function sumOfEntries(store: IndexStore, volume: number, folder: number): { sum: Sum; size: number } {
  let sum = 0n
  let size = 0
  for (const child of store.allChildren(volume, folder)) {
    sum = plus(sum, contributionOf(child.name, child.id, child.etag))
    size += child.size
  }
  return { sum, size }
}
