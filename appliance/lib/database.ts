import { chmodSync, closeSync, openSync } from 'node:fs'
import SQLite from 'better-sqlite3'
import {
  type CompiledQuery,
  type Generated,
  Kysely,
  type Migration,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
  sql,
} from 'kysely'
import { asFailure, Failure } from './failure.ts'

/**
 * What people decided. A domain adds its tables by declaration merging:
 * `declare module '../lib/database.ts' { interface Tables { share: ShareTable } }`
 */
export interface Tables {
  migration: MigrationTable
}

interface MigrationTable {
  position: Generated<number>
  name: string
  appliedAt: number
}

export type Database = Kysely<Tables>

/** Forward only; named `users/001-accounts`; never edited once released. */
export interface NamedMigration {
  name: string
  up: NonNullable<Migration['up']>
}

/**
 * Opens (and creates) the control database; with `migrations`, brings it up to date. A damaged file is a failure and
 * stays as it is: it is never replaced.
 */
export async function openDatabase(
  path: string,
  migrations: readonly NamedMigration[] = [],
): Promise<Database> {
  try {
    const sqlite = openSound(path)
    const dialect = new SqliteDialect({ database: rememberingStatements(sqlite) })
    const database: Database = new Kysely<Tables>({ dialect })
    connections.set(database, sqlite)
    await migrateDatabase(database, migrations)
    return database
  } catch (error) {
    const known = asFailure(error)
    if (known instanceof Failure) throw known
    const message = `The settings database ${path} cannot be opened. It was left as it is.`
    throw new Failure('unavailable', 'database/broken', message, { cause: error })
  }
}

const connections = new WeakMap<Database, SQLite.Database>()

/**
 * Answers a query at once, past Kysely's queue, which costs ten times as much: for what every request asks. It may see
 * what a transaction of this process is about to commit.
 */
export function readNow<Row>(database: Database, query: CompiledQuery<Row>): () => Row | undefined {
  const statement = connections.get(database)?.prepare(query.sql)
  if (!statement) throw new Error('only of a database that openDatabase opened')
  return () => statement.get(...query.parameters) as Row | undefined
}

const mostStatements = 256

/** Kysely prepares a statement for each query; preparing takes longer than most of ours run. */
function rememberingStatements(sqlite: SQLite.Database): SqliteDatabase {
  const statements = new Map<string, SQLite.Statement>()
  return {
    close: () => void sqlite.close(),
    prepare(text) {
      const known = statements.get(text)
      if (known) return known as unknown as SqliteStatement
      if (statements.size >= mostStatements) statements.clear()
      const statement = sqlite.prepare(text)
      statements.set(text, statement)
      return statement as unknown as SqliteStatement
    },
  }
}

/** The file holds password hashes: it is the service account's alone, and so is what SQLite puts beside it. */
function openSound(path: string) {
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
  const sqlite = new SQLite(path, { timeout: 10_000 })
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = FULL')
  sqlite.pragma('foreign_keys = ON')
  const verdict = sqlite.pragma('quick_check(1)', { simple: true })
  if (verdict !== 'ok') throw new Error(`quick_check: ${verdict}`)
  return sqlite
}

/**
 * Applies what has not been applied, in the order given. Refuses a database that a newer version has written, which
 * only shows when these are `all` that there are.
 */
export async function migrateDatabase(
  database: Database,
  migrations: readonly NamedMigration[],
  scope: 'all' | 'some' = 'all',
): Promise<void> {
  await sql`create table if not exists migration (
    position integer primary key, name text not null unique, appliedAt integer not null)`.execute(database)
  if (migrations.length === 0) return
  if (scope === 'all') await refuseNewer(database, migrations)
  for (const migration of migrations) await applyOnce(database, migration)
}

/** `begin immediate`, so that of two servers starting at once only one migrates. */
async function applyOnce(database: Database, migration: NamedMigration) {
  await writeTransaction(database, async transaction => {
    const done = await transaction
      .selectFrom('migration')
      .select('name')
      .where('name', '=', migration.name)
      .executeTakeFirst()
    if (done) return
    await migration.up(transaction)
    await transaction
      .insertInto('migration')
      .values({ name: migration.name, appliedAt: Date.now() })
      .execute()
  })
}

async function refuseNewer(database: Database, migrations: readonly NamedMigration[]) {
  const known = new Set(migrations.map(migration => migration.name))
  const applied = await database.selectFrom('migration').select('name').execute()
  const unknown = applied.find(row => !known.has(row.name))
  if (!unknown) return
  throw new Failure(
    'unavailable',
    'database/newer',
    `The settings were written by a newer version of Cairn (${unknown.name}).`,
  )
}

/**
 * One write transaction that takes the write lock at its start (`begin immediate`), so that what it reads stays true
 * until it has written. `work` awaits nothing but its own queries.
 */
export async function writeTransaction<T>(
  database: Database,
  work: (transaction: Database) => Promise<T>,
): Promise<T> {
  return database.connection().execute(async connection => {
    await sql`begin immediate`.execute(connection)
    try {
      const result = await work(connection as Database)
      await sql`commit`.execute(connection)
      return result
    } catch (error) {
      await sql`rollback`.execute(connection).catch(unlessRolledBack)
      throw asFailure(error)
    }
  })
}

/** A full disk makes SQLite roll back by itself (sqlite.org/lang_transaction.html, "Response To Errors"). */
function unlessRolledBack(error: Error) {
  if (!error.message.includes('no transaction is active')) throw error
}
