import SQLite from 'better-sqlite3'
import { Failure } from '../../lib/failure.ts'
import type { Row, Tables } from '../plan/losses.ts'

/**
 * What is as it is now in any version that a box goes back to: who has which right and which password, so that no
 * revocation is undone; and what is on the disks. In an order in which each finds what it refers to. Where people are named,
 * only those who are there in both.
 */
const carried: readonly { table: string; person?: string }[] = [
  { table: 'userGroup' },
  { table: 'groupMember', person: 'userName' },
  { table: 'pool' },
  { table: 'poolDisk' },
  { table: 'poolReplacement' },
  { table: 'retiredDisk' },
  { table: 'snapshotLabel' },
  { table: 'share' },
  { table: 'shareUserGrant', person: 'userName' },
  { table: 'shareGroupGrant' },
  { table: 'home' },
  { table: 'nfsExport' },
  { table: 'takenName' },
]

/** Settings by which somebody gets in: keys for ssh, and programs over HTTP. */
const carriedSettings = ['network/ssh', 'network/plain']

/** What nothing can be done without. */
const needed: Readonly<Record<string, readonly string[]>> = {
  user: ['name', 'number', 'role', 'passwordHash', 'ntHash'],
  session: ['id', 'tokenHash', 'userName'],
  appPassword: ['id', 'hash', 'userName'],
  home: ['userName', 'state'],
  takenName: ['key', 'kind'],
  userNumber: ['last'],
  setting: ['key', 'value'],
}

/** Every row of every table, as it stands now. */
export function readTables(path: string): Tables {
  const database = new SQLite(path, { readonly: true, fileMustExist: true })
  try {
    return new Map(tablesOf(database, 'main').map(table => [table, rowsOf(database, table)]))
  } finally {
    database.close()
  }
}

/**
 * Makes of earlier settings (`path`, a copy of them) those with which the earlier version goes on: nobody gets in who may
 * not now. Throws, with the reason, where that cannot be made sure.
 */
export function amendSettings(path: string, currentPath: string): void {
  const database = new SQLite(path, { fileMustExist: true, timeout: 10_000 })
  try {
    database.pragma('foreign_keys = ON')
    database.prepare('attach ? as current').run(currentPath)
    requireKnown(database)
    database.transaction(() => dropWhoHasGone(database))()
    // What is replaced as a whole is for moments what nothing refers to.
    database.pragma('foreign_keys = OFF')
    database.transaction(() => carryOver(database))()
    requireSound(database)
    database.prepare('detach current').run()
    // One file, which is carried elsewhere as such.
    database.pragma('journal_mode = DELETE')
  } catch (error) {
    if (error instanceof Failure) throw error
    throw cannotAmend(error instanceof Error ? error.message : String(error), error)
  } finally {
    database.close()
  }
}

function requireKnown(database: SQLite.Database) {
  for (const [table, columns] of Object.entries(needed))
    for (const schema of ['main', 'current'] as const) {
      const there = columnsOf(database, schema, table)
      const missing = columns.find(column => !there.includes(column))
      if (missing) throw cannotAmend(`${table}.${missing} is missing`)
    }
  for (const { table } of carried) {
    const there = columnsOf(database, 'current', table)
    const unknown = columnsOf(database, 'main', table).find(column => !there.includes(column))
    if (unknown) throw cannotAmend(`${table}.${unknown} is not known any more`)
  }
}

/** Somebody else of the same name is somebody else. */
function dropWhoHasGone(database: SQLite.Database) {
  database.exec(`
    delete from main.user where not exists (
      select 1 from current.user now where now.name = main.user.name and now.number = main.user.number);
    delete from main.session where not exists (
      select 1 from current.session now where now.id = main.session.id and now.tokenHash = main.session.tokenHash);
    delete from main.appPassword where not exists (
      select 1 from current.appPassword now where now.id = main.appPassword.id and now.hash = main.appPassword.hash);
    update main.user set (role, passwordHash, ntHash) = (
      select now.role, now.passwordHash, now.ntHash from current.user now where now.name = main.user.name);
    update main.userNumber set last = max(last, (select last from current.userNumber));
  `)
}

function carryOver(database: SQLite.Database) {
  for (const { table, person } of carried) {
    const columns = columnsOf(database, 'main', table).map(name => `"${name}"`)
    if (columns.length === 0) continue
    const where = person ? `where "${person}" in (select name from main.user)` : ''
    database.exec(`delete from main."${table}";
      insert into main."${table}" (${columns}) select ${columns} from current."${table}" ${where};`)
  }
  const drop = database.prepare('delete from main.setting where key = ?')
  const take = database.prepare(
    'insert into main.setting (key, value) select key, value from current.setting where key = ?',
  )
  for (const key of carriedSettings) {
    drop.run(key)
    take.run(key)
  }
  // Who was not there yet leaves a home behind, as who is deleted does.
  database.exec(`
    delete from main.home where state = 'making' and userName not in (select name from main.user);
    update main.home set state = 'orphan' where userName not in (select name from main.user);
    update main.takenName set kind = 'home'
      where kind = 'user' and key not in (select lower(name) from main.user)
        and key in (select lower(userName) from main.home);
    delete from main.takenName where kind = 'user' and key not in (select lower(name) from main.user);
  `)
}

function requireSound(database: SQLite.Database) {
  const dangling = database.pragma('main.foreign_key_check') as { table: string; parent: string }[]
  if (dangling[0]) throw cannotAmend(`${dangling[0].table} refers to what is not in ${dangling[0].parent}`)
  const verdict = database.pragma('main.quick_check(1)', { simple: true })
  if (verdict !== 'ok') throw cannotAmend(String(verdict))
  const has = (query: string) => database.prepare(query).get() !== undefined
  if (!has(`select 1 from main.user where role = 'admin'`)) throw nobodyThen()
  if (!has(`select 1 from main.setting where key = 'setup/claimed-at'`)) throw nobodyThen()
}

function tablesOf(database: SQLite.Database, schema: 'main' | 'current'): string[] {
  return database
    .prepare(`select name from ${schema}.sqlite_master where type = 'table' and name not like 'sqlite_%'`)
    .all()
    .map(row => (row as { name: string }).name)
}

function columnsOf(database: SQLite.Database, schema: 'main' | 'current', table: string): string[] {
  return (database.pragma(`${schema}.table_info("${table}")`) as { name: string }[]).map(({ name }) => name)
}

function rowsOf(database: SQLite.Database, table: string): Row[] {
  return database.prepare(`select * from "${table}"`).all() as Row[]
}

function cannotAmend(problem: string, cause?: unknown): Failure {
  return new Failure(
    'conflict',
    'updates/cannot-amend',
    `The settings of that version are of a kind in which it is not sure that everything stays revoked (${problem}), so the box does not go back.`,
    { cause },
  )
}

function nobodyThen(): Failure {
  return new Failure(
    'conflict',
    'updates/nobody-then',
    'None of the present administrators had an account at that time, so nobody could look after the box. Make somebody an administrator who had one.',
  )
}
