import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../../../lib/failure.ts'
import {
  closeDescriptor,
  markFilesystem,
  openCached,
  openFanotify,
  openFlags,
  readAvailable,
  whenReadable,
} from '../../../lib/posix.ts'
import { type FanotifyEvent, fanotifyMask, parseFanotify } from '../../parse/fanotify.ts'
import type { FeedMessage } from '../../schema.ts'
import type { PoolPlace } from '../backend.ts'
import { settleBatch } from './folders.ts'
import { createOutbox, type OutboxItem, type OutboxLimits } from './outbox.ts'

export interface PoolFeedDeps {
  pool: PoolPlace
  limits: OutboxLimits
  /** `limited` only to see what happens when the kernel's queue is full. */
  queue: 'unlimited' | 'limited'
}

const { overflow, ...asked } = fanotifyMask
// Without FAN_MODIFY: a writer that is not done yet would tell of every write.
const mask = Object.values(asked).reduce((all, bit) => all | bit, 0)

const into = Buffer.alloc(128 * 1024)
/** What one turn of the event loop may take: half a megabyte is some 5,000 events, or 10 ms. */
const readsATurn = 4

/** The changes of one mounted pool, from the moment of its making; the mark ends by itself when the pool is unmounted. */
export function createPoolFeed({ pool, limits, queue }: PoolFeedDeps) {
  const epoch = randomUUID()
  const fd = openFanotify(queue)
  try {
    markFilesystem(fd, mask, pool.place)
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  const outbox = createOutbox({ limits, settle: batch => settleBatch(pool.place, batch) })
  const probe = join(pool.place, 'manifest.json')
  let probes: 'none' | 'sent' | 'seen' = 'none'

  function take(event: FanotifyEvent) {
    if (event.mask & overflow) outbox.lose('overflow')
    else if (isProbe(event)) probes = 'seen'
    else outbox.add(event)
  }

  const message = (item: OutboxItem): FeedMessage => {
    const position = { pool: pool.name, epoch, number: item.number }
    if ('gap' in item) return { kind: 'gap', ...position, reason: item.gap }
    return { kind: 'changes', ...position, folders: item.folders }
  }

  return {
    pool,
    epoch,
    outbox,
    /** Reads what the kernel has queued: nothing, all, or as much as one turn may take. */
    drain(): 'nothing' | 'all' | 'part' {
      for (let reads = 0; reads < readsATurn; reads++) {
        const size = readAvailable(fd, into)
        if (size === 0) return reads === 0 ? 'nothing' : 'all'
        if (outbox.isDeaf()) continue
        for (const event of parseFanotify(into.subarray(0, size))) take(event)
      }
      return 'part'
    },
    /** Calls back once when there is something to drain. */
    whenSomething: (callback: () => void) => whenReadable(fd, callback),
    take(): FeedMessage | undefined {
      const item = outbox.take()
      return item && message(item)
    },
    gone: (): FeedMessage => ({ kind: 'gone', pool: pool.name, epoch, number: outbox.lastNumber() }),
    alive: (): FeedMessage => ({
      kind: 'alive',
      pool: pool.name,
      epoch,
      number: outbox.lastNumber(),
      isProven: probes === 'seen',
    }),
    /** False: the mark went with its mount. */
    isMarked: () => hasMark(fd),
    /** False also where an event that we made ourselves never came. */
    isWell: () => hasMark(fd) && (outbox.isDeaf() || probes !== 'sent'),
    /** Makes an event without a disk hearing of it. Not possible where the file is not in memory. */
    probe() {
      probes = !outbox.isDeaf() && openForNothing(probe) ? 'sent' : 'none'
    },
    close: () => closeDescriptor(fd),
  }
}

export type PoolFeed = ReturnType<typeof createPoolFeed>

/** proc_pid_fdinfo(5): a line for each mark that is still there. */
function hasMark(fd: number): boolean {
  return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').includes('fanotify sdev:')
}

/** To open for writing and to close is an event, and changes nothing that would have to be written. */
function openForNothing(path: string): boolean {
  try {
    closeDescriptor(openCached(path, openFlags.writeOnly))
    return true
  } catch (error) {
    // Not in memory, not there yet, a pool that is read-only: then it stays unproven.
    if (['EAGAIN', 'ENOENT', 'EROFS', 'EACCES'].includes(errnoOf(error) ?? '')) return false
    throw error
  }
}

function isProbe({ at, pid }: FanotifyEvent): boolean {
  return pid === process.pid && at?.name === 'manifest.json' && at.folder.inode === 256
}
