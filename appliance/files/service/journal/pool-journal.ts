import { closeSync, existsSync, openSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../../lib/clock.ts'
import { errnoOf } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { isDamage, type JournalRow, type JournalStore, openJournalStore } from '../../store/journal.ts'

export interface PoolJournal {
  add(row: Omit<JournalRow, 'id'>): void
  /** One transaction. `stuck`: it does not work now. */
  write(): 'done' | 'more' | 'stuck'
  /** Undefined while the pool is away. */
  read<T>(work: (store: JournalStore) => T): T | undefined
  /** Deletes what is too old or too much, a little at a time, as long as that is wanted. */
  trim(isWanted: () => boolean): Promise<void>
  close(): void
}

export interface PoolJournalDeps {
  pool: string
  /** The pool's `index` folder; undefined while the pool is away or cannot be written. */
  folder(): string | undefined
  limits: Limits
  clock: Clock
  log: Log
}

export interface Limits {
  mostRows: number
  keptMs: number
}

const mostWaiting = 5_000
/** A transaction of so many takes about a millisecond. */
const mostAtOnce = 200
const trimAtOnce = 200
const fileName = /^journal(?:-(\d+))?\.db$/

/**
 * The journal's file on one pool. A damaged one stays as it is, and the next number begins: SQLite's own files beside it
 * are found by its name, so that renaming one which another process has open would harm what comes after it.
 */
export function createPoolJournal(deps: PoolJournalDeps): PoolJournal {
  const { pool, folder, limits, clock, log } = deps
  let waiting: Omit<JournalRow, 'id'>[] = []
  let lost = 0
  let open: { store: JournalStore; path: string; inode: number; next: string } | undefined

  function close() {
    if (!open) return
    const { store, path } = open
    open = undefined
    try {
      store.close()
    } catch (error) {
      log.warn('a journal did not close cleanly', { pool, path, error })
    }
  }

  /** What is open may have been given up by another process, or be of a pool that was mounted anew. */
  function isCurrent({ path, inode, next }: NonNullable<typeof open>): boolean {
    return statSync(path, { throwIfNoEntry: false })?.ino === inode && !existsSync(next)
  }

  function current(): JournalStore | undefined {
    const place = folder()
    if (open && (place === undefined || !isCurrent(open))) close()
    if (place === undefined) return undefined
    open ??= openLatest(place)
    return open.store
  }

  function openLatest(place: string) {
    const number = numbersIn(place).at(-1) ?? 1
    const path = join(place, nameOf(number))
    try {
      const store = openJournalStore(path)
      return { store, path, inode: statSync(path).ino, next: join(place, nameOf(number + 1)) }
    } catch (error) {
      if (!isDamage(error)) throw error
      giveUp(path, join(place, nameOf(number + 1)), error)
      return openNew(join(place, nameOf(number + 1)), join(place, nameOf(number + 2)))
    }
  }

  function openNew(path: string, next: string) {
    return { store: openJournalStore(path), path, inode: statSync(path).ino, next }
  }

  /** Whoever makes the next file says so, once for all processes. */
  function giveUp(path: string, next: string, error: unknown) {
    try {
      closeSync(openSync(next, 'wx', 0o600))
    } catch (exists) {
      if (errnoOf(exists) !== 'EEXIST') throw exists
      return
    }
    log.error('a damaged journal was left as it is, and a new one begun', { pool, path, next, error })
  }

  function read<T>(work: (store: JournalStore) => T): T | undefined {
    const store = current()
    if (!store) return undefined
    try {
      return work(store)
    } catch (error) {
      if (!open || !isDamage(error)) throw error
      const { path, next } = open
      close()
      giveUp(path, next, error)
      const fresh = current()
      return fresh && work(fresh)
    }
  }

  function write(): 'done' | 'more' | 'stuck' {
    const rows = waiting.slice(0, mostAtOnce)
    if (rows.length === 0) return 'done'
    try {
      const isWritten = read(store => {
        store.append(rows, clock.now())
        return true
      })
      if (!isWritten) return drop('the pool is away or cannot be written')
    } catch (error) {
      // A full disk, or a file that another process holds for long: it may yet work.
      if (waiting.length < mostWaiting) return 'stuck'
      return drop('the journal cannot be written', error)
    }
    waiting.splice(0, rows.length)
    return waiting.length > 0 ? 'more' : 'done'
  }

  function drop(reason: string, error?: unknown): 'done' {
    lost += waiting.length
    const count = waiting.length
    log.warn('changes are missing in the journal', { pool, reason, count, sinceStart: lost, error })
    waiting = []
    return 'done'
  }

  return {
    add: row => void waiting.push(row),
    write,
    read,
    async trim(isWanted) {
      const edges = () => ({ mostRows: limits.mostRows, olderThanMs: clock.now() - limits.keptMs })
      while (isWanted() && (read(store => store.trim(edges(), trimAtOnce)) ?? 0) > 0)
        await new Promise(resolve => setImmediate(resolve))
    },
    close,
  }
}

/** Damaged journals that lie beside the one in use. */
export function givenUpIn(folder: string): string[] {
  return numbersIn(folder).slice(0, -1).map(nameOf)
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap(name => {
      const match = fileName.exec(name)
      return match ? [Number(match[1] ?? 1)] : []
    })
    .sort((a, b) => a - b)
}

function nameOf(number: number): string {
  return number === 1 ? 'journal.db' : `journal-${number}.db`
}
