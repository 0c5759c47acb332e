import type { OutsideChange } from '../service/indexing/index.ts'

/** A reflink takes as long as a file has extents, and waits until all of it that is dirty has been written. */
export const mostSpareBytes = 1024 ** 3
/** Past so many, the older half of a volume's goes. */
export const mostSpares = 10_000
/** So many files may be written at once, and from then on in each second, of which a spare is kept. */
export const spareRate: Rate = { burst: 500, perSecond: 50 }
/** The same of what our own faces write, which is to stay as fast as it is. */
export const ownSpareRate: Rate = { burst: 100, perSecond: 20 }

/** Disks in a file, of which a backup or a machine writes some part all the time, and what programs keep for themselves. */
const bundle = /\.(sparsebundle|backupbundle|photoslibrary|vmwarevm|utm)$/i
const unworthy =
  /^(~\$|\._|\.~lock\.)|\.(tmp|temp|part|partial|crdownload|swp|lock|lck)$|[-.](wal|shm|journal)$/i

/** Whether somebody may want to have back what was there. */
export function isWorthKeeping(path: readonly string[]): boolean {
  return !unworthy.test(path.at(-1) ?? '') && !path.some(name => bundle.test(name))
}

export interface Rate {
  burst: number
  perSecond: number
}

/**
 * Whether somebody else than our own faces has put new content there and is done with it. While nobody looked, whatever
 * has changed is taken to be done.
 */
export function isNewContent({
  looked: { kind, row, before },
  isWritten,
  pids,
}: Pick<OutsideChange, 'looked' | 'isWritten' | 'pids'>): boolean {
  if (isWritten || kind === 'moved') return true
  // Another file took the name; or it was another account's and is ours now; or nobody saw it happen.
  return kind === 'changed' && (before?.inode !== row?.inode || before?.id === 0 || pids.length === 0)
}

/** A token bucket: `take` answers whether one more may be had now. */
export function createAllowance({ burst, perSecond }: Rate) {
  let left = burst
  let lastMs = Number.NEGATIVE_INFINITY
  return {
    take(nowMs: number): boolean {
      const since = Math.max(0, nowMs - lastMs)
      left = Math.min(burst, since === Number.POSITIVE_INFINITY ? burst : left + (since / 1000) * perSecond)
      lastMs = nowMs
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
