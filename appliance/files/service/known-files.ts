import type { FileStatus } from '../../lib/posix.ts'

/** What is derived from a file's attributes and costs more than a look at its inode. */
export interface Known {
  id: number | undefined
  etag: string | undefined
}

const slots = 65_536
/** A ctime of the last moments may still be the one of a change that is under way: such an inode is read again. */
const settledSeconds = 2

/**
 * Remembers ids and etags by inode and ctime. Setting an attribute changes the ctime, as writing and renaming do, so
 * what is remembered for a ctime that has settled is true for as long as the inode shows it. Bounded: about 8 MB.
 */
export function createKnownFiles(nowSeconds: () => number = () => Date.now() / 1000) {
  const inodes = new Float64Array(slots)
  const devices = new Float64Array(slots)
  const seconds = new Float64Array(slots)
  const nanoseconds = new Uint32Array(slots)
  const values = new Array<Known | undefined>(slots).fill(undefined)

  return {
    get(status: FileStatus): Known | undefined {
      const slot = status.inode % slots
      const isSame =
        inodes[slot] === status.inode &&
        devices[slot] === status.device &&
        seconds[slot] === status.changedSeconds &&
        nanoseconds[slot] === status.changedNanoseconds
      return isSame ? values[slot] : undefined
    },
    remember(status: FileStatus, known: Known): Known {
      if (status.changedSeconds > nowSeconds() - settledSeconds) return known
      const slot = status.inode % slots
      inodes[slot] = status.inode
      devices[slot] = status.device
      seconds[slot] = status.changedSeconds
      nanoseconds[slot] = status.changedNanoseconds
      values[slot] = known
      return known
    },
  }
}

export type KnownFiles = ReturnType<typeof createKnownFiles>
