import { join } from 'node:path'
import type { Face } from '../../../http/route.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Domain } from '../../../lib/domain.ts'
import { errnoOf, Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import type { PastVolume } from '../../../shares/index.ts'
import type { Storage } from '../../../storage/index.ts'
import { journalChecks } from '../../checks/journal.ts'
import type { SeenRow } from '../../plan/journal-view.ts'
import { journalRoutes } from '../../routes/journal.ts'
import {
  type JournalEntry,
  type JournalWhat,
  journalWhats,
  numberOfWhat,
  type Person,
  type Volumes,
} from '../../schema.ts'
import type { JournalRow } from '../../store/journal.ts'
import { createTree, volumeKey } from '../tree.ts'
import { createPoolJournal, givenUpIn, type Limits, type PoolJournal } from './pool-journal.ts'
import { formatCursor, parseCursor, readPage } from './reading.ts'

/** Who changed what, when, and from where: one row a change, whatever face it came through. */
export interface Journal {
  /** Never throws and never waits; rows are written some 50 ms later, several at once. */
  note(entry: JournalEntry): void
  /** Returns when all that was noted is written, or counted as lost. */
  flush(): Promise<void>
  /** One page of what this person may know, newest first. */
  list(person: Person, query: JournalQuery): Promise<JournalPage>
  domain: Pick<Domain, 'routes' | 'checks'>
  start(): void
  stop(): Promise<void>
}

export interface JournalQuery {
  actor?: string | undefined
  device?: string | undefined
  face?: Face | undefined
  what?: JournalWhat | undefined
  /** Of a file or folder, wherever it has been. */
  id?: number | undefined
  /** In the person's tree, with all below. */
  folder?: readonly string[] | undefined
  fromMs?: number | undefined
  toMs?: number | undefined
  cursor?: string | undefined
  limit: number
}

export interface JournalPage {
  entries: ShownRow[]
  next: string | undefined
}

export interface ShownRow {
  row: SeenRow
  what: JournalWhat | 'other'
  treePath: string[] | undefined
}

/** The one place of rights, asked about the past. */
export interface PastVolumes extends Volumes {
  pastOf(person: Person): PastVolume[]
}

export interface JournalDeps {
  shares: PastVolumes
  storage: Pick<Storage, 'mounted' | 'names'>
  clock: Clock
  log: Log
  limits?: Partial<Limits>
}

const dayMs = 86_400_000
/** About 120 MB on each pool. */
const defaults: Limits = { mostRows: 1_000_000, keptMs: 400 * dayMs }
/** What a transaction costs hardly depends on its rows; one that is lost would have been lost in a power cut too. */
const gatherMs = 50
const retryMs = 1_000
/** An open file would hold up who unmounts the pool. */
const idleMs = 10_000
const trimEveryMs = 3_600_000

export function createJournal(deps: JournalDeps): Journal {
  const { shares, storage, clock, log } = deps
  const limits = { ...defaults, ...deps.limits }
  const tree = createTree(shares)
  const journals = new Map<string, PoolJournal>()
  const dirty = new Set<PoolJournal>()
  let writing: NodeJS.Timeout | undefined
  let idling: NodeJS.Timeout | undefined
  let trimming: NodeJS.Timeout | undefined
  let trimmed = Promise.resolve()
  let sinceTrim = 0
  let isStopping = false

  function folderOf(pool: string): string | undefined {
    const mounted = storage.mounted(pool)
    const isUsable = mounted && (mounted.state === 'healthy' || mounted.state === 'degraded')
    return isUsable ? join(mounted.path, 'index') : undefined
  }

  function journalOf(pool: string): PoolJournal {
    const known = journals.get(pool)
    if (known) return known
    const fresh = createPoolJournal({ pool, folder: () => folderOf(pool), limits, clock, log })
    journals.set(pool, fresh)
    return fresh
  }

  function note(entry: JournalEntry) {
    const journal = journalOf(entry.pool)
    journal.add(rowOf(entry, clock.now()))
    dirty.add(journal)
    sinceTrim += 1
    writing ??= setTimeout(writeLater, gatherMs)
  }

  function writeLater() {
    clearTimeout(writing)
    writing = undefined
    const states = writeRound()
    if (sinceTrim > limits.mostRows / 50) trimLater()
    if (dirty.size > 0) writing = setTimeout(writeLater, states.has('stuck') ? retryMs : 0)
  }

  /** A transaction for each pool that has something to write. */
  function writeRound(): Set<string> {
    const states = new Set<string>()
    for (const journal of dirty) {
      const state = journal.write()
      if (state === 'done') dirty.delete(journal)
      states.add(state)
    }
    closeWhenIdle()
    return states
  }

  function closeWhenIdle() {
    clearTimeout(idling)
    idling = setTimeout(closeAll, idleMs).unref()
  }

  function closeAll() {
    for (const journal of journals.values()) journal.close()
  }

  async function flush() {
    while (dirty.size > 0 && !writeRound().has('stuck')) await new Promise(resolve => setImmediate(resolve))
  }

  async function trim() {
    for (const pool of storage.names()) {
      if (folderOf(pool) !== undefined) await journalOf(pool).trim(() => !isStopping)
    }
    closeWhenIdle()
  }

  function trimLater() {
    sinceTrim = 0
    trimmed = trimmed.then(trim).catch(error => log.error('a journal could not be shortened', { error }))
  }

  async function list(person: Person, query: JournalQuery): Promise<JournalPage> {
    const { limit, fromMs = 0, toMs, cursor } = query
    await flush()
    const volumes = volumesFor(person, query.folder)
    const pools = [...new Set(volumes.map(({ pool }) => pool))].filter(pool => folderOf(pool) !== undefined)
    const page = await readPage({
      journals: new Map(pools.map(pool => [pool, journalOf(pool)])),
      volumes,
      filter: {
        origin: { actor: query.actor, device: query.device, face: query.face },
        what: query.what && numberOfWhat(query.what),
        fileId: query.id,
      },
      folder: folderFor(person, query.folder),
      fromMs,
      before: cursor === undefined ? startAt(toMs) : earlier(startAt(toMs), known(cursor)),
      limit,
    }).catch(saying)
    closeWhenIdle()
    return { entries: page.rows.map(row => shown(person, row)), next: page.next && formatCursor(page.next) }
  }

  /** `/` is a person's own tree, which is less than all that an administrator may know. */
  function volumesFor(person: Person, folder: readonly string[] | undefined): PastVolume[] {
    const all = shares.pastOf(person)
    if (folder?.length !== 0) return all
    const own = new Set(shares.volumes(person).map(volume => volumeKey(volume, person)))
    return all.filter(({ volume }) => own.has(volume))
  }

  function folderFor(person: Person, folder: readonly string[] | undefined) {
    if (folder === undefined || folder.length === 0) return undefined
    const { volume, path } = tree.spot(person, folder)
    return { pool: volume.pool, volume: volumeKey(volume, person), path: textOf(path) }
  }

  function shown(person: Person, row: SeenRow): ShownRow {
    const { place } = row
    const path = place?.path === null ? undefined : place?.path
    return {
      row,
      what: journalWhats[row.what - 1] ?? 'other',
      treePath:
        place && path !== undefined
          ? tree.pathOf(person, { volume: place.volume, path: namesOf(path) })
          : undefined,
    }
  }

  function givenUp() {
    return storage.names().flatMap(pool => {
      const folder = folderOf(pool)
      return folder === undefined ? [] : givenUpIn(folder).map(file => ({ pool, file: join(folder, file) }))
    })
  }

  const journal = { note, flush, list }
  return {
    ...journal,
    domain: {
      routes: journalRoutes(journal),
      checks: [journalChecks(givenUp)],
    },
    start() {
      isStopping = false
      trimming = setInterval(trimLater, trimEveryMs).unref()
      trimLater()
    },
    async stop() {
      isStopping = true
      clearInterval(trimming)
      await trimmed
      await flush()
      clearTimeout(writing)
      clearTimeout(idling)
      closeAll()
    },
  }
}

function saying(error: unknown): never {
  if (!/^(SQLITE_|E[A-Z]+$)/.test(errnoOf(error) ?? '')) throw error
  const message = 'The journal cannot be read at the moment.'
  throw new Failure('unavailable', 'files/journal-unreadable', message, { cause: error })
}

function rowOf(entry: JournalEntry, nowMs: number): Omit<JournalRow, 'id'> {
  const { pool, volume, path, from, fileId, kind, sizeBytes, etag } = entry
  const { actor, device, deviceName, address, face } = entry
  return {
    at: Math.round(entry.atMs ?? nowMs),
    what: numberOfWhat(entry.what),
    kind,
    fileId,
    place: { pool: '', volume },
    path: textOf(path),
    from: from
      ? { place: { pool: from.pool === pool ? '' : from.pool, volume: from.volume }, path: textOf(from.path) }
      : null,
    size: sizeBytes,
    etag,
    origin: { actor, device, deviceName, address, face },
  }
}

function textOf(path: readonly string[]): string {
  return `/${path.join('/')}`
}

function namesOf(path: string): string[] {
  return path.split('/').filter(name => name !== '')
}

function startAt(toMs = Number.MAX_SAFE_INTEGER) {
  return { at: toMs, pool: '', id: Number.MAX_SAFE_INTEGER }
}

function earlier<T extends { at: number }>(one: T, other: T): T {
  return one.at < other.at ? one : other
}

function known(text: string) {
  const cursor = parseCursor(text)
  if (cursor) return cursor
  throw new Failure('invalid', 'files/bad-cursor', 'This is not where a page of the journal ended.')
}
