import { chmodSync, closeSync, openSync, rmSync } from 'node:fs'
import SQLite from 'better-sqlite3'

export type IndexDatabase = SQLite.Database

/**
 * The index of one pool: what is in it can always be had from the files again. Opened by every server process; a file
 * that is damaged or of another version is begun anew.
 */
export function openIndexDatabase(path: string, cacheBytes = ownCacheBytes): IndexDatabase {
  try {
    return open(path, cacheBytes)
  } catch (error) {
    if (!isDamage(error)) throw error
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    return open(path, cacheBytes)
  }
}

/** What it keeps in memory unless it is told otherwise. */
export const ownCacheBytes = 8000 * 1024

/** Also of one that is open. SQLite takes a size in KiB as a number below zero. */
export function keepInMemory(database: IndexDatabase, bytes: number): void {
  database.pragma(`cache_size = ${-Math.floor(bytes / 1024)}`)
}

export function isDamage(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false
  return error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_NOTADB'
}

function open(path: string, cacheBytes: number): IndexDatabase {
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
  const database = new SQLite(path, { timeout: 10_000 })
  try {
    database.pragma('journal_mode = WAL')
    // Nothing is lost with the last transactions: the mark that the next start goes on from is lost with them.
    database.pragma('synchronous = NORMAL')
    keepInMemory(database, cacheBytes)
    // 16 MB: to bring the log into the file waits for the disk.
    database.pragma('wal_autocheckpoint = 4000')
    database.transaction(() => migrate(database)).immediate()
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const version = 2

function migrate(database: IndexDatabase) {
  if (database.pragma('user_version', { simple: true }) === version) return
  dropIndex(database)
}

/**
 * Everything is forgotten, in all processes that have it open. No number of a volume is given out twice: else another
 * process would take for one volume what is of another.
 */
export function dropIndex(database: IndexDatabase): void {
  const lastNumber = lastVolumeNumber(database)
  const tables = database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    .pluck()
    .all()
  for (const table of tables) database.exec(`drop table "${table}"`)
  database.exec(schema)
  database.prepare("insert into sqlite_sequence (name, seq) values ('volume', ?)").run(lastNumber)
  database.pragma(`user_version = ${version}`)
}

function lastVolumeNumber(database: IndexDatabase): number {
  const isThere = database.prepare("select 1 from sqlite_master where name = 'sqlite_sequence'").get()
  if (!isThere) return 0
  const last = database.prepare("select seq from sqlite_sequence where name = 'volume'").pluck().get()
  return typeof last === 'number' ? last : 0
}

/**
 * `entry`: a name in a folder. The folder is meant by its inode, so that renaming one is a single row. The top of a
 * volume has the parent 0 and no name. Of a folder, `size` is all that lies below it, and `sum` what its etag is made of.
 *
 * `touched`: names that may be ahead of the disk, since the volume's mark is older; the period tells from before which
 * look for a new mark.
 * `orphan`: folders that have gone, whose entries are still to be forgotten.
 * `vanished`: which id a name had a moment ago.
 */
const schema = `
  create table volume (
    number integer primary key autoincrement,
    kind text not null,
    name text not null,
    uuid text,
    subvolume integer,
    transid integer,
    period integer not null default 1,
    unique (kind, name)
  );
  create table entry (
    volume integer not null,
    parent integer not null,
    name text not null,
    inode integer not null,
    isFolder integer not null,
    id integer not null,
    generation integer not null,
    etag text not null,
    size integer not null,
    modified integer not null,
    modifiedNs integer not null,
    changed integer not null,
    changedNs integer not null,
    born integer not null,
    sum blob,
    isListed integer not null,
    checksums text,
    primary key (volume, parent, name)
  ) without rowid;
  create index entryByInode on entry (volume, inode);
  create index entryById on entry (id);
  create index unlisted on entry (volume, inode) where isListed = 0;
  create table touched (
    volume integer not null, parent integer not null, name text not null, period integer not null,
    primary key (volume, parent, name)
  ) without rowid;
  create table orphan (volume integer not null, inode integer not null, primary key (volume, inode)) without rowid;
  create table vanished (
    volume integer not null, parent integer not null, name text not null,
    id integer not null, generation integer not null, atMs integer not null,
    primary key (volume, parent, name)
  ) without rowid;
  create index vanishedById on vanished (id);
`
