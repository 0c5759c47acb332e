import test from 'ava'
import SQLite from 'better-sqlite3'
import { differencesOf } from '../../appliance/updates/plan/losses.ts'
import { amendSettings, readTables } from '../../appliance/updates/store/amending.ts'
import { makeSettings, meanwhile } from './settings-world.ts'

function rows(path: string, query: string): unknown[][] {
  const sqlite = new SQLite(path, { readonly: true })
  try {
    return sqlite.prepare(query).raw().all() as unknown[][]
  } finally {
    sqlite.close()
  }
}

const words = (differences: ReturnType<typeof differencesOf>) =>
  differences
    .map(({ what, how, count, names }) => `${what} ${how} ${names.length > 0 ? names.join(', ') : count}`)
    .sort()

test('whoever may not get in now does not get in by going back', async t => {
  const settings = await makeSettings(t)
  const then = settings.keep()
  settings.run(meanwhile)
  amendSettings(then, settings.path)
  t.deepEqual(rows(then, 'select name, role, passwordHash, ntHash from user order by name'), [
    ['ann', 'admin', 'hash-ann', 'nt-ann'],
    ['bob', 'member', 'new-bob', 'new-nt-bob'],
  ])
  t.deepEqual(rows(then, 'select id from session'), [['s1']])
  t.deepEqual(rows(then, 'select id from appPassword'), [['a2']])
  t.deepEqual(rows(then, 'select name, everyone from share order by name'), [
    ['music', 'none'],
    ['photos', 'read'],
    ['video', 'none'],
  ])
  t.deepEqual(rows(then, 'select * from shareUserGrant order by shareName'), [
    ['photos', 'bob', 'none'],
    ['video', 'ann', 'read'],
  ])
  t.deepEqual(rows(then, 'select * from shareGroupGrant order by groupName'), [
    ['music', 'barred', 'none'],
    ['music', 'family', 'read'],
  ])
  t.deepEqual(rows(then, 'select * from groupMember'), [['barred', 'bob']])
  t.deepEqual(rows(then, 'select * from nfsExport'), [])
})

test('what is on the disks is as it is now, and nobody new is given what others have left', async t => {
  const settings = await makeSettings(t)
  const then = settings.keep()
  settings.run(meanwhile)
  amendSettings(then, settings.path)
  t.deepEqual(rows(then, 'select serial from poolDisk order by devid'), [['DISK1'], ['DISK3']])
  t.deepEqual(rows(then, 'select serial from retiredDisk'), [['DISK2']])
  t.deepEqual(rows(then, 'select userName, state from home order by userName'), [
    ['ann', 'ready'],
    ['bob', 'ready'],
    ['eve', 'orphan'],
    ['zoe', 'orphan'],
  ])
  t.deepEqual(
    rows(then, `select key, kind from takenName where key in ('eve', 'zoe', 'video') order by key`),
    [
      ['eve', 'home'],
      ['video', 'share'],
      ['zoe', 'home'],
    ],
  )
  t.deepEqual(rows(then, 'select last from userNumber'), [[4]])
  t.deepEqual(rows(then, 'pragma foreign_key_check'), [])
  t.deepEqual(rows(then, 'pragma journal_mode'), [['delete']])
})

test('what would be lost and what stays revoked is told in what people know', async t => {
  const settings = await makeSettings(t)
  const then = settings.keep()
  settings.run(meanwhile)
  const before = readTables(then)
  amendSettings(then, settings.path)
  const amended = readTables(then)
  t.deepEqual(words(differencesOf(amended, readTables(settings.path))), [
    'devices added tablet (ann)',
    'people added zoe',
    'people changed bob',
    'rights added video (zoe)',
    'sessions added 1',
    'settings changed system/name',
  ])
  const kept = words(differencesOf(before, amended))
  for (const one of [
    'people removed eve',
    'passwords changed bob',
    'devices removed phone (bob)',
    'sessions removed 2',
    'rights changed photos',
    'members removed bob (family), eve (family)',
    'nfs removed music',
  ])
    t.true(kept.includes(one), `${one} in ${kept.join('; ')}`)
  t.deepEqual(differencesOf(amended, amended), [])
})

test('a key for ssh that was removed stays removed', async t => {
  const settings = await makeSettings(t)
  settings.run(
    `insert into setting values ('network/ssh', '{"isOn":true,"keys":["lost"]}'), ('network/plain', 'true')`,
  )
  const then = settings.keep()
  settings.run(`update setting set value = '{"isOn":true,"keys":["new"]}' where key = 'network/ssh';
    delete from setting where key = 'network/plain'`)
  amendSettings(then, settings.path)
  t.deepEqual(rows(then, `select key, value from setting where key like 'network/%'`), [
    ['network/ssh', '{"isOn":true,"keys":["new"]}'],
  ])
})

test('somebody new of the same name is somebody else', async t => {
  const settings = await makeSettings(t)
  const then = settings.keep()
  settings.run(`delete from user where name = 'bob';
    insert into user values ('bob', 4, 'Bob', 'member', 'other', 'other', 2)`)
  amendSettings(then, settings.path)
  t.deepEqual(rows(then, `select number from user where name = 'bob'`), [])
  t.deepEqual(rows(then, `select id from appPassword`), [])
})

test('an older kind of settings is amended as far as it is known', async t => {
  const settings = await makeSettings(t)
  const then = settings.keep()
  const older = new SQLite(then)
  older.exec('drop table nfsExport; drop table snapshotLabel')
  older.close()
  settings.run(`${meanwhile}; alter table share add column isSecret integer not null default 0`)
  settings.run("create table passkey (id text primary key) strict; insert into passkey values ('k')")
  amendSettings(then, settings.path)
  t.deepEqual(rows(then, 'select name, everyone from share order by name')[1], ['photos', 'read'])
  t.true(words(differencesOf(readTables(then), readTables(settings.path))).includes('other added passkey'))
})

test('where it is not sure that all stays revoked the box does not go back', async t => {
  const settings = await makeSettings(t)
  const cases: [statements: string, pattern: RegExp][] = [
    ['alter table share add column guests text', /share\.guests is not known/],
    ['alter table appPassword rename column hash to digest', /appPassword\.hash is missing/],
    [
      `create table guest (userName text not null references user (name)) strict;
       insert into guest values ('eve')`,
      /FOREIGN KEY constraint failed/,
    ],
  ]
  for (const [statements, message] of cases) {
    const then = settings.keep()
    const older = new SQLite(then)
    older.exec(statements)
    older.close()
    const now = await makeSettings(t)
    now.run(meanwhile)
    t.throws(() => amendSettings(then, now.path), { code: 'updates/cannot-amend', message })
  }
})

test('without an administrator who had an account then the box does not go back', async t => {
  const settings = await makeSettings(t)
  const then = settings.keep()
  settings.run(`insert into user values ('zoe', 4, 'Zoe', 'admin', 'h', 'n', 2);
    delete from user where name in ('ann', 'eve')`)
  t.throws(() => amendSettings(then, settings.path), { code: 'updates/nobody-then' })
})
