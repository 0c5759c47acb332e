import SQLite from 'better-sqlite3'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { numberOfWhat, type Origin } from '../schema.ts'

/** What a journal's file holds; `docs/journal.md` describes it. */
export interface JournalRow {
  id: number
  at: number
  /** A number of `journalWhats`, from 1. */
  what: number
  kind: 'file' | 'folder' | null
  fileId: number | null
  place: Place
  path: string
  from: { place: Place; path: string } | null
  size: number | null
  etag: string | null
  origin: Origin
}

/** A volume; `pool` is empty for one on the journal's own pool, whatever that is called now. */
export interface Place {
  pool: string
  volume: string
}

/** A place in the order of the journal: by time, then by id. */
export interface Position {
  at: number
  id: number
}

/** All that is given must hold. */
export interface JournalFilter {
  places: readonly Place[]
  origin: { actor?: string | undefined; device?: string | undefined; face?: string | undefined }
  what?: number | undefined
  fileId?: number | undefined
  /** This one and all below it. */
  folder?: { place: Place; path: string } | undefined
}

export interface Step {
  rows: JournalRow[]
  /** How far was looked; undefined: to the very beginning. */
  reached: Position | undefined
}

export interface JournalStore {
  /** One transaction. */
  append(rows: readonly Omit<JournalRow, 'id'>[], nowMs: number): void
  /** Looks at so many rows before the position, newest first, and tells those that match. */
  step(before: Position, filter: JournalFilter, lookAt: number): Step
  /** Deletes some of what is too old or too much, in one short transaction; how many it were. */
  trim(limits: { mostRows: number; olderThanMs: number }, atMost: number): number
  close(): void
}

const format = 1
const moveNumber = numberOfWhat('move')
const busyMs = 250
const pageBytes = 2048
const pagesPerCheckpoint = 2000
/** How long a remembered origin may be used without saying that it is in use. */
const stampEveryMs = 3_600_000
const dayMs = 86_400_000
const mostRemembered = 4_000

const tables = `
  create table if not exists origin (
    id integer primary key, key text not null unique, actor text, device text, deviceName text, address text,
    face text not null, usedAt integer not null) strict;
  create table if not exists place (
    id integer primary key, pool text not null, volume text not null, unique (pool, volume)) strict;
  create table if not exists entry (
    id integer primary key, at integer not null, origin integer not null, what integer not null, kind integer,
    fileId integer, place integer not null, path text not null, fromPlace integer, fromPath text, size integer,
    etag any) strict;
  create index if not exists entryByTime on entry (at);
  pragma user_version = ${format};
`

/** The journal of one pool, made if it is not there. Throws what SQLite throws, or a Failure for a newer format. */
export function openJournalStore(path: string): JournalStore {
  const sqlite = new SQLite(path, { timeout: busyMs })
  try {
    return createJournalStore(sqlite)
  } catch (error) {
    sqlite.close()
    throw errnoOf(error) === 'SQLITE_ERROR' ? noJournal(error) : error
  }
}

/** Whether the file is broken, or something else than a journal. */
export function isDamage(error: unknown): boolean {
  return /^(SQLITE_CORRUPT|SQLITE_NOTADB|files\/no-journal)/.test(errnoOf(error) ?? '')
}

function createJournalStore(sqlite: SQLite.Database): JournalStore {
  const version = Number(sqlite.pragma('user_version', { simple: true }))
  if (version > format) throw newer()
  // A transaction adds a few rows and writes whole pages: small ones make for fewer checkpoints, each of which flushes.
  if (version === 0) sqlite.pragma(`page_size = ${pageBytes}`)
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = NORMAL')
  sqlite.pragma(`wal_autocheckpoint = ${pagesPerCheckpoint}`)
  if (version < format) sqlite.transaction(() => sqlite.exec(tables)).immediate()

  const interned = createInterned(sqlite)
  const insert = sqlite.prepare(
    `insert into entry (at, origin, what, kind, fileId, place, path, fromPlace, fromPath, size, etag)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const select = sqlite.prepare(matching)
  const nthBefore = sqlite.prepare(
    `select at, id from entry where at <= @at and (at < @at or id < @id)
     order by at desc, id desc limit 1 offset @skip`,
  )
  const oldest = sqlite.prepare('select id, at from entry order by id limit 1')
  const newest = sqlite.prepare('select id from entry order by id desc limit 1')
  const nthOldest = sqlite.prepare('select id, at from entry order by id limit 1 offset ?')
  const dropUpTo = sqlite.prepare('delete from entry where id <= ? and (at < ? or id <= ?)')
  const dropOrigins = sqlite.prepare('delete from origin where usedAt < ?')

  const append = sqlite.transaction((rows: readonly Omit<JournalRow, 'id'>[], nowMs: number) => {
    for (const row of rows) {
      insert.run(
        row.at,
        interned.origin(row.origin, nowMs),
        row.what,
        row.kind === null ? null : kinds.indexOf(row.kind),
        row.fileId,
        interned.place(row.place),
        row.path,
        row.from ? interned.place(row.from.place) : null,
        row.from?.path ?? null,
        row.size,
        packEtag(row.etag),
      )
    }
  })

  function step(before: Position, filter: JournalFilter, lookAt: number): Step {
    const reached = nthBefore.get({ ...before, skip: lookAt - 1 }) as Position | undefined
    const placeIds = interned.idsOf(filter.places)
    const originIds = interned.matching(filter.origin)
    const folderId = filter.folder ? interned.idsOf([filter.folder.place])[0] : null
    const isHopeless = placeIds.length === 0 || originIds?.length === 0 || folderId === undefined
    if (isHopeless) return { rows: [], reached: undefined }
    const rows = select.all({
      ...before,
      lookAt,
      places: JSON.stringify(placeIds),
      origins: originIds && JSON.stringify(originIds),
      what: filter.what ?? null,
      fileId: filter.fileId ?? null,
      folderPlace: folderId,
      ...subtree(filter.folder?.path ?? '/'),
    }) as StoredRow[]
    return { rows: rows.map(row => asRow(row, interned)), reached }
  }

  const trim = sqlite.transaction(
    ({ mostRows, olderThanMs }: { mostRows: number; olderThanMs: number }, atMost: number) => {
      const first = oldest.get() as Position | undefined
      const last = newest.get() as { id: number } | undefined
      if (!first || !last) return 0
      // Ids have no holes but those at the beginning, so the difference counts.
      const tooMany = last.id - mostRows
      if (first.id > tooMany && first.at >= olderThanMs) return 0
      const upTo = (nthOldest.get(atMost - 1) as Position | undefined)?.id ?? last.id
      const { changes } = dropUpTo.run(upTo, olderThanMs, tooMany)
      // Who still uses one has said so within the last hour.
      if (changes < atMost && dropOrigins.run(Math.min(first.at, olderThanMs) - dayMs).changes > 0)
        interned.forget()
      return changes
    },
  )

  return {
    append(rows, nowMs) {
      try {
        append.immediate(rows, nowMs)
      } catch (error) {
        // What was added with it is not there now.
        interned.forget()
        throw error
      }
    },
    step,
    trim: trim.immediate,
    close: () => void sqlite.close(),
  }
}

const kinds = ['file', 'folder'] as const

interface StoredRow extends Omit<JournalRow, 'kind' | 'place' | 'from' | 'etag' | 'origin'> {
  kind: number | null
  place: number
  fromPlace: number | null
  fromPath: string | null
  etag: Buffer | string | null
  origin: number
}

/** Only a move takes something away from where it was: a copy is of no concern there. */
const matching = `
  select * from (
    select * from entry where at <= @at and (at < @at or id < @id) order by at desc, id desc limit @lookAt
  ) where (place in (select value from json_each(@places))
      or (what = ${moveNumber} and fromPlace in (select value from json_each(@places))))
    and (@origins is null or origin in (select value from json_each(@origins)))
    and (@what is null or what = @what)
    and (@fileId is null or fileId = @fileId)
    and (@folderPlace is null
      or (place = @folderPlace and (path = @self or (path >= @first and path < @beyond)))
      or (what = ${moveNumber} and fromPlace = @folderPlace
        and (fromPath = @self or (fromPath >= @first and fromPath < @beyond))))`

/** As a range of paths: `0` is what follows on `/`. */
function subtree(path: string) {
  return path === '/'
    ? { self: '/', first: '/', beyond: '0' }
    : { self: path, first: `${path}/`, beyond: `${path}0` }
}

function asRow(stored: StoredRow, interned: Interned): JournalRow {
  const { fromPlace, fromPath, origin, kind, place, etag, ...same } = stored
  return {
    ...same,
    kind: kind === null ? null : (kinds[kind] ?? null),
    place: interned.placeOf(place),
    from: fromPlace === null ? null : { place: interned.placeOf(fromPlace), path: fromPath ?? '/' },
    etag: Buffer.isBuffer(etag) ? etag.toString('hex') : etag,
    origin: interned.originOf(origin),
  }
}

/** Our own are hexadecimal digits, and take half the room as bytes. */
function packEtag(etag: string | null): Buffer | string | null {
  return etag !== null && /^(?:[0-9a-f]{2})+$/.test(etag) ? Buffer.from(etag, 'hex') : etag
}

type Interned = ReturnType<typeof createInterned>

/** What repeats from row to row stands once, in a table of its own, and is remembered here. */
function createInterned(sqlite: SQLite.Database) {
  const putOrigin = sqlite.prepare(
    `insert into origin (key, actor, device, deviceName, address, face, usedAt)
     values (@key, @actor, @device, @deviceName, @address, @face, @now)
     on conflict (key) do update set usedAt = @now returning id`,
  )
  const getOrigin = sqlite.prepare('select actor, device, deviceName, address, face from origin where id = ?')
  const findOrigins = sqlite
    .prepare(
      `select id from origin where (@actor is null or actor = @actor)
       and (@device is null or device = @device or deviceName = @device) and (@face is null or face = @face)`,
    )
    .pluck()
  const putPlace = sqlite.prepare(
    `insert into place (pool, volume) values (@pool, @volume)
     on conflict do update set volume = @volume returning id`,
  )
  const getPlace = sqlite.prepare('select pool, volume from place where id = ?')
  const findPlace = sqlite.prepare('select id from place where pool = @pool and volume = @volume').pluck()

  const originIds = new Map<string, { id: number; saidAtMs: number }>()
  const placeIds = new Map<string, number>()
  const origins = new Map<number, Origin>()
  const places = new Map<number, Place>()

  return {
    origin({ actor, device, deviceName, address, face }: Origin, nowMs: number): number {
      const key = JSON.stringify([actor, device, deviceName, address, face])
      const known = originIds.get(key)
      if (known && nowMs - known.saidAtMs < stampEveryMs) return known.id
      const { id } = putOrigin.get({ key, actor, device, deviceName, address, face, now: nowMs }) as Position
      if (originIds.size >= mostRemembered) originIds.clear()
      originIds.set(key, { id, saidAtMs: nowMs })
      return id
    },
    place({ pool, volume }: Place): number {
      const key = `${pool}/${volume}`
      const known = placeIds.get(key)
      if (known !== undefined) return known
      const { id } = putPlace.get({ pool, volume }) as Position
      placeIds.set(key, id)
      return id
    },
    /** Of those that occur. */
    idsOf: (wanted: readonly Place[]) =>
      wanted.flatMap(({ pool, volume }) => (findPlace.get({ pool, volume }) as number | undefined) ?? []),
    /** null: all. */
    matching({ actor, device, face }: JournalFilter['origin']): number[] | null {
      if (actor === undefined && device === undefined && face === undefined) return null
      const wanted = { actor: actor ?? null, device: device ?? null, face: face ?? null }
      return findOrigins.all(wanted) as number[]
    },
    placeOf(id: number): Place {
      const place = places.get(id) ?? (getPlace.get(id) as Place | undefined) ?? nowhere
      places.set(id, place)
      return place
    },
    originOf(id: number): Origin {
      const origin = origins.get(id) ?? (getOrigin.get(id) as Origin | undefined) ?? nobody
      if (origins.size >= mostRemembered) origins.clear()
      origins.set(id, origin)
      return origin
    },
    forget() {
      for (const map of [originIds, placeIds, origins, places]) map.clear()
    },
  }
}

const nobody: Origin = { actor: null, device: null, deviceName: null, address: null, face: 'box' }
const nowhere: Place = { pool: '', volume: '' }

/** Tables of that name with other columns. */
function noJournal(cause: unknown): Failure {
  return new Failure('internal', 'files/no-journal', 'This file is not a journal.', { cause })
}

function newer(): Failure {
  const message = 'The journal was written by a newer version of Cairn.'
  return new Failure('unavailable', 'files/journal-newer', message)
}
