import { closeSync, existsSync, openSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../../lib/clock.ts'
import { errnoOf } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { createRoom } from '../../../lib/room.ts'
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

interface Open {
  store: JournalStore
  path: string
  device: number
  inode: number
  /** What there is once this one was given up. */
  next: string
}

const mostWaiting = 5_000
/** A transaction of so many takes about a millisecond. */
const mostAtOnce = 200
const trimAtOnce = 200
const sayEveryMs = 60_000
/** A disk that is full or gone, a file that another process holds. */
const mayPass = /^(SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN)|ENOENT|ENOSPC|EIO|EROFS)/
const fileName = /^journal(?:-(\d+))?\.db$/

/**
 * The journal's file on one pool. A damaged one stays as it is, and the next number begins: SQLite's own files beside it
 * are found by its name, so that renaming one which another process has open would harm what comes after it.
 */
export function createPoolJournal(deps: PoolJournalDeps): PoolJournal {
  const { pool, folder, limits, clock, log } = deps
  const waiting: Omit<JournalRow, 'id'>[] = []
  let lost = 0
  let unsaid = 0
  let saidAtMs = Number.NEGATIVE_INFINITY
  let isStuck = false
  let atOnce = mostAtOnce
  let open: Open | undefined
  const room = createRoom()

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
  function isCurrent({ path, inode, device, next }: Open): boolean {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.ino === inode && found.dev === device && !existsSync(next)
  }

  function isFull(): boolean {
    const place = folder()
    return place !== undefined && !room.isIn(place)
  }

  function current(): JournalStore | undefined {
    const place = isFull() ? undefined : folder()
    if (open && (place === undefined || !isCurrent(open))) close()
    if (place === undefined) return undefined
    open ??= openLatest(place)
    return open.store
  }

  function openLatest(place: string): Open {
    const number = numbersIn(place).at(-1) ?? 1
    try {
      return openNumber(place, number)
    } catch (error) {
      if (!isDamage(error)) throw error
      giveUp(join(place, nameOf(number)), join(place, nameOf(number + 1)), error)
      return openNumber(place, number + 1)
    }
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
    const rows = waiting.slice(0, atOnce)
    if (rows.length === 0) return 'done'
    if (isFull()) {
      close()
      isStuck = true
      return waiting.length >= mostWaiting ? drop(waiting.length, 'the pool is full') : 'stuck'
    }
    try {
      if (read(store => append(store, rows))) return done(rows.length)
      return drop(waiting.length, 'the pool is away or cannot be written')
    } catch (error) {
      return failed(rows.length, error)
    }
  }

  function append(store: JournalStore, rows: typeof waiting): true {
    store.append(rows, clock.now())
    return true
  }

  function done(count: number): 'done' | 'more' {
    isStuck = false
    waiting.splice(0, count)
    return waiting.length > 0 ? 'more' : 'done'
  }

  /** What may pass is waited for; else one of the rows is the reason, and goes alone to hold up no other. */
  function failed(count: number, error: unknown): 'done' | 'more' | 'stuck' {
    const code = errnoOf(error) ?? ''
    if (!/^SQLITE_(BUSY|LOCKED)/.test(code)) close()
    if (!mayPass.test(code)) return count > 1 ? apart() : drop(1, 'it cannot be written', error)
    if (waiting.length >= mostWaiting) return drop(waiting.length, 'the journal cannot be written', error)
    if (!isStuck) log.warn('the journal cannot be written at the moment', { pool, error })
    isStuck = true
    return 'stuck'
  }

  function apart(): 'more' {
    atOnce = 1
    return 'more'
  }

  function drop(count: number, reason: string, error?: unknown): 'done' | 'more' {
    atOnce = mostAtOnce
    lost += count
    unsaid += count
    if (clock.now() - saidAtMs >= sayEveryMs) sayLost(reason, error)
    return done(count)
  }

  function sayLost(reason: string, error?: unknown) {
    log.warn('changes are missing in the journal', { pool, reason, count: unsaid, sinceStart: lost, error })
    unsaid = 0
    saidAtMs = clock.now()
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

function openNumber(place: string, number: number): Open {
  const path = join(place, nameOf(number))
  const store = openJournalStore(path)
  const { dev: device, ino: inode } = statSync(path)
  return { store, path, device, inode, next: join(place, nameOf(number + 1)) }
}

/** Damaged journals that lie beside the one in use. */
export function givenUpIn(folder: string): string[] {
  try {
    return numbersIn(folder).slice(0, -1).map(nameOf)
  } catch (error) {
    // The pool has gone this moment, which is said elsewhere.
    if (errnoOf(error) === undefined) throw error
    return []
  }
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
