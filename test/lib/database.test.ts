import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { sql } from 'kysely'
import { type NamedMigration, openDatabase, writeTransaction } from '../../appliance/lib/database.ts'
import { Failure, failureRecord } from '../../appliance/lib/failure.ts'
import { run } from '../../appliance/lib/run.ts'
import { tempFolder } from '../helpers/temp.ts'

const first: NamedMigration = {
  name: 'test/001-box',
  up: async database => void (await sql`create table box (name text)`.execute(database)),
}
const second: NamedMigration = {
  name: 'test/002-size',
  up: async database => void (await sql`alter table box add column size integer`.execute(database)),
}

test('each migration runs once, in order, and a later version goes on from an earlier one', async t => {
  const path = join(await tempFolder(t), 'cairn.db')
  await (await openDatabase(path, [first])).destroy()
  const database = await openDatabase(path, [first, second])
  t.teardown(() => database.destroy())
  const applied = await database.selectFrom('migration').select('name').orderBy('position').execute()
  t.deepEqual(
    applied.map(row => row.name),
    ['test/001-box', 'test/002-size'],
  )
})

test('settings of a newer version are refused, not rewritten', async t => {
  const path = join(await tempFolder(t), 'cairn.db')
  await (await openDatabase(path, [first, second])).destroy()
  const failure = await t.throwsAsync(openDatabase(path, [first]), { instanceOf: Failure })
  t.is(failure.code, 'database/newer')
})

test('a damaged database is a failure and stays as it is', async t => {
  const path = join(await tempFolder(t), 'cairn.db')
  await writeFile(path, 'this is no database, and it is all the person has')
  const failure = await t.throwsAsync(openDatabase(path, [first]), { instanceOf: Failure })
  t.is(failure.code, 'database/broken')
  t.is(await readFile(path, 'utf8'), 'this is no database, and it is all the person has')
})

test('a failed transaction leaves nothing', async t => {
  const database = await openDatabase(join(await tempFolder(t), 'cairn.db'), [first])
  t.teardown(() => database.destroy())
  const work = writeTransaction(database, async transaction => {
    await sql`insert into box values ('half')`.execute(transaction)
    throw new Failure('conflict', 'test/no', 'No.')
  })
  await t.throwsAsync(work, { message: 'No.' })
  t.is((await sql`select * from box`.execute(database)).rows.length, 0)
})

test('two processes that start at once migrate once', async t => {
  const path = join(await tempFolder(t), 'cairn.db')
  const program = `
    import { openDatabase } from '${join(import.meta.dirname, '../../appliance/lib/database.ts')}'
    import { sql } from '${import.meta.resolve('kysely')}'
    await openDatabase('${path}', [{ name: 'test/001-box', up: database => sql\`create table box (name text)\`.execute(database) }])`
  const start = () => run([process.execPath, '--input-type=module', '--eval', program])
  await Promise.all([start(), start(), start()])
  const database = await openDatabase(path)
  t.teardown(() => database.destroy())
  t.is((await database.selectFrom('migration').selectAll().execute()).length, 1)
})

test('a full disk is said as such, whatever SQLite has rolled back by itself', async t => {
  const database = await openDatabase(join(await tempFolder(t), 'cairn.db'), [first])
  t.teardown(() => database.destroy())
  await sql`pragma max_page_count = 1`.execute(database)
  const fill = (transaction: typeof database) =>
    sql`insert into box values (hex(zeroblob(100000)))`.execute(transaction)
  const failure = await t.throwsAsync(writeTransaction(database, fill), { instanceOf: Failure })
  t.like(failure, { kind: 'full', code: 'database/full' })
  const plain = await t.throwsAsync(fill(database))
  t.like(failureRecord(plain), { kind: 'full', code: 'database/full' })
})
