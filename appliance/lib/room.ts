import { statfsSync } from 'node:fs'
import { errnoOf } from './failure.ts'

const leastBytes = 48 * 1024 ** 2
/** A fast disk takes some 20 MB in this time. */
const askAgainMs = 20

/**
 * Whether a filesystem has room for SQLite to write in. Its shared memory is a mapped file: where a page of that cannot be
 * had any more the kernel ends the process (SIGBUS), so writing has to stop before the last bytes are gone.
 */
export function createRoom() {
  const known = new Map<string, { hasRoom: boolean; atMs: number }>()

  return {
    isIn(path: string): boolean {
      const before = known.get(path)
      const nowMs = performance.now()
      if (before && nowMs - before.atMs < askAgainMs) return before.hasRoom
      const hasRoom = look(path)
      known.set(path, { hasRoom, atMs: nowMs })
      return hasRoom
    },
  }
}

function look(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize >= leastBytes
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false
  }
}
