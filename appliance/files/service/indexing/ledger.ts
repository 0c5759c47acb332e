import type { EntryRow, IndexStore, ModifiedTime } from '../../store/index-store.ts'
import { bytesOf, contributionOf, folderEtag, minus, plus, type Sum, sumIn } from './etags.ts'

/**
 * The changes of one write transaction. Rows change at once; what they mean to the folders above is gathered and
 * settled at the end, each folder once, the deepest first.
 */
export interface Ledger {
  /** A name appeared, or is something else now; `before` is what it was. */
  put(row: EntryRow, before: EntryRow | undefined): void
  /**
   * A name has gone. `isMoved`: what it named lives on elsewhere in this volume. `isOwn`: our own faces know what they did
   * with its id; nobody else inherits it.
   */
  remove(row: EntryRow, options?: { isMoved?: boolean; isOwn?: boolean | undefined }): void
  /** An entry of this folder has come or gone, if only for a moment. */
  setModified(folder: EntryRow, time: ModifiedTime): void
  /** The sum of this folder is taken anew from its entries as they are now: what waited to be added is in it. */
  discard(volume: number, inode: number): void
  /** The sum of a folder is what it should be; the difference, if there is one, is passed on. */
  correct(folder: EntryRow, now: Delta): void
  settle(): void
}

interface Delta {
  sum: Sum
  size: number
}

interface Known {
  row: EntryRow
  depth: number
}

export function createLedger(store: IndexStore, nowMs: number): Ledger {
  const deltas = new Map<number, Map<number, Delta>>()

  function add(volume: number, folder: number, { sum, size }: Delta) {
    if (folder === 0) return
    let ofVolume = deltas.get(volume)
    if (!ofVolume) {
      ofVolume = new Map()
      deltas.set(volume, ofVolume)
    }
    const known = ofVolume.get(folder)
    if (!known) ofVolume.set(folder, { sum, size })
    else {
      known.sum = plus(known.sum, sum)
      known.size += size
    }
  }

  const worthOf = (row: EntryRow): Delta => ({
    sum: contributionOf(row.name, row.id, row.etag),
    size: row.size,
  })

  function take(row: EntryRow) {
    const { sum, size } = worthOf(row)
    add(row.volume, row.parent, { sum: minus(0n, sum), size: -size })
  }

  /** Gone with the folder: forgotten later, bit by bit. */
  function orphan(row: EntryRow) {
    if (row.isFolder) store.addOrphan(row.volume, row.inode)
  }

  function settleVolume(volume: number, ofVolume: Map<number, Delta>) {
    const known = new Map<number, Known | undefined>()
    const find = (inode: number): Known | undefined => {
      if (known.has(inode)) return known.get(inode)
      const row = store.folder(volume, inode)
      // What hangs on nothing for a moment, since it was moved, must be right when it is found again.
      const depth = row && (row.parent === 0 ? 0 : (depthBelow(find(row.parent)) ?? 0))
      const found = row && depth !== undefined ? { row, depth } : undefined
      known.set(inode, found)
      return found
    }
    const levels: Map<number, Delta>[] = []
    const place = (inode: number, delta: Delta) => {
      const found = find(inode)
      if (!found) return
      levels[found.depth] ??= new Map()
      const level = levels[found.depth]
      const there = level?.get(inode)
      if (there) {
        there.sum = plus(there.sum, delta.sum)
        there.size += delta.size
      } else level?.set(inode, { ...delta })
    }
    for (const [inode, delta] of ofVolume) place(inode, delta)
    for (let depth = levels.length - 1; depth >= 0; depth--) {
      for (const [inode, delta] of levels[depth] ?? []) {
        const row = find(inode)?.row
        if (!row) continue
        const before = worthOf(row)
        const sum = plus(sumIn(row.sum), delta.sum)
        const etag = folderEtag(row.id, sum, row)
        if (etag === row.etag && delta.size === 0) continue
        row.sum = bytesOf(sum)
        row.size += delta.size
        row.etag = etag
        store.setFolder(row)
        const after = worthOf(row)
        if (row.parent !== 0)
          place(row.parent, { sum: minus(after.sum, before.sum), size: after.size - before.size })
      }
    }
  }

  return {
    put(row, before) {
      if (before) {
        take(before)
        if (before.inode !== row.inode) orphan(before)
        // It took the place of a file and is not ours to write yet: it is given that one's id once it is.
        if (row.id === 0 && before.id !== 0 && !before.isFolder) store.vanish({ ...before, atMs: nowMs })
      }
      if (before && before.inode === row.inode && before.id === row.id) store.change(row)
      else store.put(row)
      add(row.volume, row.parent, worthOf(row))
      store.touch(row.volume, row.parent, row.name)
    },
    remove(row, { isMoved = false, isOwn = false } = {}) {
      take(row)
      store.drop(row)
      if (!isMoved) orphan(row)
      if (!row.isFolder && row.id !== 0 && !isOwn) store.vanish({ ...row, atMs: nowMs })
      store.touch(row.volume, row.parent, row.name)
    },
    setModified(folder, time) {
      store.setModified(folder, time)
      add(folder.volume, folder.inode, { sum: 0n, size: 0 })
      store.touch(folder.volume, folder.parent, folder.name)
    },
    correct(folder, { sum, size }) {
      add(folder.volume, folder.inode, {
        sum: minus(sum, sumIn(folder.sum)),
        size: size - folder.size,
      })
    },
    discard: (volume, inode) => void deltas.get(volume)?.delete(inode),
    settle() {
      for (const [volume, ofVolume] of deltas) settleVolume(volume, ofVolume)
      deltas.clear()
    },
  }
}

function depthBelow(above: Known | undefined): number | undefined {
  return above && above.depth + 1
}
