import { execFile as execFileWithCallback } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import SQLite from 'better-sqlite3'
import type { JournalEntry } from '../../appliance/files/index.ts'
import { originOfWriter } from '../../appliance/files/plan/writer-origin.ts'
import { createPoolJournal } from '../../appliance/files/service/journal/pool-journal.ts'
import { systemClock } from '../../appliance/lib/clock.ts'
import { createLog } from '../../appliance/lib/log.ts'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { alice, bob, carol, type JournalWorld, startJournalWorld } from './journal-world.ts'

const execFile = promisify(execFileWithCallback)

const put = async (t: ExecutionContext, world: JournalWorld, as: typeof bob, path: string, body = 'x') => {
  const { status } = await world.ask('PUT', `/webdav${path}`, { as, body })
  t.true(status === 201 || status === 204, `${path}: ${status}`)
}

const entryOf = (given: Partial<JournalEntry> = {}): JournalEntry => ({
  actor: 'bob',
  device: null,
  deviceName: null,
  address: null,
  face: 'smb',
  pool: 'pool',
  volume: 'share:shared',
  path: ['a.txt'],
  what: 'write',
  fileId: 7,
  kind: 'file',
  sizeBytes: 3,
  etag: '00ff',
  ...given,
})

test('every change through WebDAV, REST and the web page is one row, with who, from where and what', async t => {
  const world = await startJournalWorld(t)
  const { ask, page } = world
  const answer = await ask('POST', '/api/v1/users/bob/app-passwords', { as: bob, body: { label: 'laptop' } })
  const laptop = { name: 'bob', password: ((await answer.json()) as { password: string }).password }
  const dav = (method: string, path: string, headers: Record<string, string> = {}) =>
    ask(method, `/webdav${path}`, { as: laptop, headers })
  await put(t, world, laptop, '/shared/a.txt', 'one')
  await put(t, world, laptop, '/shared/a.txt', 'three')
  t.is((await dav('MKCOL', '/shared/sub')).status, 201)
  t.is((await dav('COPY', '/shared/a.txt', { Destination: '/webdav/shared/b.txt' })).status, 201)
  t.is((await dav('MOVE', '/shared/a.txt', { Destination: '/webdav/shared/sub/c.txt' })).status, 201)
  t.is((await dav('DELETE', '/shared/b.txt')).status, 204)
  await ask('POST', '/api/v1/files/folders', { as: bob, body: { path: '/mine' } })
  const { entries } = await page(bob)
  t.deepEqual(
    entries.map(({ what, face, treePath, fromPath }) => [what, face, treePath, fromPath]),
    [
      ['make-folder', 'rest', '/mine', null],
      ['delete', 'webdav', '/shared/b.txt', null],
      ['move', 'webdav', '/shared/sub/c.txt', '/a.txt'],
      ['copy', 'webdav', '/shared/b.txt', '/a.txt'],
      ['make-folder', 'webdav', '/shared/sub', null],
      ['write', 'webdav', '/shared/a.txt', null],
      ['create', 'webdav', '/shared/a.txt', null],
    ],
  )
  const [, deleted, moved, copied, , written, created] = entries
  for (const entry of entries.slice(1))
    t.like(entry, { actor: 'bob', deviceName: 'laptop', address: '127.0.0.1', volume: 'share:shared' })
  t.like(entries[0], { device: 'password', deviceName: null, volume: 'home:bob', kind: 'folder', size: null })
  t.like(written, { size: 5, kind: 'file', path: '/a.txt' })
  t.is(created?.id, moved?.id)
  t.is(deleted?.id, copied?.id)
  t.not(copied?.id, moved?.id)
  const ofOne = await page(bob, `?id=${moved?.id}`)
  t.deepEqual(
    ofOne.entries.map(({ what }) => what),
    ['move', 'write', 'create'],
  )
  const listed = await ask('GET', '/api/v1/files?path=/shared/sub', { as: bob })
  const [now] = ((await listed.json()) as { entries: { id: number; etag: string }[] }).entries
  t.is(now?.id, moved?.id ?? undefined)
  t.is(now?.etag, moved?.etag ?? undefined)
})

test('a browser’s session is the face web, whatever it uses', async t => {
  const { ask, page } = await startJournalWorld(t)
  const signedIn = await ask('POST', '/api/v1/session', { body: bob })
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }
  const made = await ask('POST', '/api/v1/files/folders', { headers, body: { path: '/f' } })
  t.is(made.status, 201)
  const [entry] = (await page(bob)).entries
  t.like(entry, { face: 'web', actor: 'bob' })
  t.regex(entry?.device ?? '', /^session:/)
})

test('an upload in chunks is one row, and what was refused is none', async t => {
  const { ask, page } = await startJournalWorld(t)
  const at = '/dav/uploads/bob/one'
  await ask('MKCOL', at, { as: bob })
  await ask('PUT', `${at}/1`, { as: bob, body: 'abc' })
  const done = await ask('MOVE', `${at}/.file`, { as: bob, headers: { Destination: '/dav/files/bob/whole' } })
  t.is(done.status, 201)
  t.is((await ask('PUT', '/webdav/none/x', { as: bob, body: 'x' })).status, 409)
  t.is((await ask('DELETE', '/webdav/none', { as: bob })).status, 404)
  const { entries } = await page(bob)
  t.deepEqual(
    entries.map(({ what, treePath, size }) => [what, treePath, size]),
    [['create', '/whole', 3]],
  )
})

test('what a move replaces is a row too', async t => {
  const world = await startJournalWorld(t)
  await put(t, world, bob, '/a')
  await put(t, world, bob, '/b')
  await world.ask('MOVE', '/webdav/a', { as: bob, headers: { Destination: '/webdav/b' } })
  const { entries } = await world.page(bob)
  t.deepEqual(
    entries.map(({ what, path }) => [what, path]),
    [
      ['move', '/b'],
      ['delete', '/b'],
      ['create', '/b'],
      ['create', '/a'],
    ],
  )
  t.is(entries[1]?.id, entries[2]?.id)
  t.is(entries[0]?.id, entries[3]?.id)
})

test('nobody sees what happened where they may not look; an administrator no names in others’ homes', async t => {
  const world = await startJournalWorld(t)
  await put(t, world, bob, '/secret-home.txt')
  await put(t, world, bob, '/private/secret-share.txt')
  await put(t, world, bob, '/shared/open.txt')
  const carols = await world.page(carol)
  t.deepEqual(
    carols.entries.map(({ path }) => path),
    ['/open.txt'],
  )
  t.notRegex(JSON.stringify(carols), /secret|private|home:bob/)
  for (const query of ['?folder=/private', '?actor=bob&folder=/private', '?folder=/secret-home.txt'])
    t.deepEqual((await world.page(carol, query)).entries, [], query)
  const admins = await world.page(alice)
  t.notRegex(JSON.stringify(admins), /secret-home/)
  t.deepEqual(
    admins.entries.map(({ volume, path, treePath }) => [volume, path, treePath]),
    [
      ['share:shared', '/open.txt', '/shared/open.txt'],
      ['share:private', '/secret-share.txt', null],
      ['home:bob', null, null],
    ],
  )
  t.like(admins.entries[2], { actor: 'bob', what: 'create', id: null, etag: null, size: null })
  const [, , hidden] = (await world.page(bob)).entries
  t.is((await world.page(bob, `?id=${hidden?.id}`)).entries.length, 1)
  t.deepEqual((await world.page(alice, `?id=${hidden?.id}`)).entries, [])
})

test('a move out of sight shows as gone, and a move into sight not where from', async t => {
  const world = await startJournalWorld(t)
  await put(t, world, bob, '/shared/a.txt')
  await put(t, world, bob, '/private/known-to-bob.txt')
  const move = (from: string, to: string) =>
    world.ask('MOVE', `/webdav${from}`, { as: bob, headers: { Destination: `/webdav${to}` } })
  t.is((await move('/shared/a.txt', '/private/hidden-name.txt')).status, 201)
  t.is((await move('/private/known-to-bob.txt', '/shared/arrived.txt')).status, 201)
  const { entries } = await world.page(carol)
  t.notRegex(JSON.stringify(entries), /hidden-name|known-to-bob|private/)
  const [arrived, left] = entries
  t.like(arrived, { what: 'move', path: '/arrived.txt', fromVolume: null, fromPath: null })
  t.like(left, {
    what: 'move',
    volume: null,
    path: null,
    fromVolume: 'share:shared',
    fromPath: '/a.txt',
    etag: null,
  })
  const inShared = await world.page(carol, '?folder=/shared/a.txt')
  t.deepEqual(
    inShared.entries.map(({ what }) => what),
    ['move', 'create'],
  )
})

test('a copy of a file says nothing to those who see only the original', async t => {
  const world = await startJournalWorld(t)
  await put(t, world, bob, '/shared/a.txt')
  await world.ask('COPY', '/webdav/shared/a.txt', { as: bob, headers: { Destination: '/webdav/b.txt' } })
  t.deepEqual(
    (await world.page(carol)).entries.map(({ what }) => what),
    ['create'],
  )
})

test('a share or an account that takes a name again does not take over its past', async t => {
  const world = await startJournalWorld(t)
  await put(t, world, bob, '/private/old.txt')
  await put(t, world, bob, '/old-home.txt')
  await world.journal.flush()
  await world.shares.remove('private', 'private')
  await world.shares.create({ name: 'private', pool: 'pool', everyone: 'write' })
  await put(t, world, carol, '/private/new.txt')
  await world.users.remove('bob', { isHomeDeleted: true })
  await world.users.create({ ...bob, role: 'member' })
  await put(t, world, bob, '/new-home.txt')
  t.deepEqual(
    (await world.page(carol, '?folder=/private')).entries.map(({ path }) => path),
    ['/new.txt'],
  )
  t.deepEqual(
    (await world.page(bob)).entries.map(({ path }) => path),
    ['/new-home.txt', '/new.txt'],
  )
})

test('filters narrow it down, and pages follow one another without gap or repetition', async t => {
  const world = await startJournalWorld(t)
  const { journal, page } = world
  const start = Date.now()
  for (let index = 0; index < 2_500; index += 1)
    journal.note(
      entryOf({
        atMs: start + Math.floor(index / 3),
        path: [index % 2 === 0 ? 'even' : 'even more', `${index}`],
        what: index % 5 === 0 ? 'delete' : 'write',
        actor: index % 7 === 0 ? 'carol' : 'bob',
        device: index % 7 === 0 ? 'smb:mac' : null,
        deviceName: index % 7 === 0 ? 'mac' : null,
        face: index % 7 === 0 ? 'nfs' : 'smb',
      }),
    )
  const all = async (query: string) => {
    const found: string[] = []
    for (let cursor = ''; ; ) {
      const { entries, next } = await page(carol, `?limit=700${query}${cursor}`)
      found.push(...entries.map(({ path }) => path ?? ''))
      if (next === null) return found
      cursor = `&cursor=${encodeURIComponent(next)}`
    }
  }
  const numbers = (paths: string[]) => paths.map(path => Number(path.split('/').at(-1)))
  const expected = (matches: (index: number) => boolean) =>
    Array.from({ length: 2_500 }, (_, index) => 2_499 - index).filter(matches)
  t.deepEqual(
    numbers(await all('')),
    expected(() => true),
  )
  t.deepEqual(
    numbers(await all('&folder=/shared/even')),
    expected(index => index % 2 === 0),
  )
  t.deepEqual(
    numbers(await all('&actor=carol')),
    expected(index => index % 7 === 0),
  )
  t.deepEqual(
    numbers(await all('&device=mac&what=delete')),
    expected(index => index % 35 === 0),
  )
  t.deepEqual(
    numbers(await all('&face=nfs')),
    expected(index => index % 7 === 0),
  )
  t.deepEqual(await all('&actor=nobody'), [])
  const from = encodeURIComponent(new Date(start + 100).toISOString())
  const to = encodeURIComponent(new Date(start + 199).toISOString())
  t.deepEqual(
    numbers(await all(`&from=${from}&to=${to}`)),
    expected(index => index >= 300 && index < 600),
  )
  t.is((await world.ask('GET', '/api/v1/journal?cursor=x', { as: carol })).status, 400)
  t.is((await world.ask('GET', '/api/v1/journal', {})).status, 401)
})

test('a damaged journal is left as it is, said once, and a new one goes on', async t => {
  const world = await startJournalWorld(t)
  await put(t, world, bob, '/before.txt')
  await world.files.domain.stop?.()
  const path = join(world.index, 'journal.db')
  t.true(existsSync(path))
  await rm(`${path}-wal`, { force: true })
  await truncate(path, 4096 * 2)
  await writeFile(path, Buffer.alloc(8192, 'not a database '), { flag: 'r+' })
  await put(t, world, bob, '/after.txt')
  const { entries } = await world.page(bob)
  t.deepEqual(
    entries.map(entry => entry.path),
    ['/after.txt'],
  )
  t.true(existsSync(path))
  t.is(world.logged.filter(line => line.includes('damaged journal')).length, 1)
  const [issue] = (await world.journal.domain.checks?.[0]?.()) ?? []
  t.like(issue, { code: 'files/journal-damaged', subject: path, severity: 'warning' })
  await rm(path)
  t.deepEqual(await world.journal.domain.checks?.[0]?.(), [])
  await put(t, world, bob, '/later.txt')
  t.is((await world.page(bob)).entries.length, 2)
})

test('damage that shows while it is open, and is seen by two processes, leads both to the same new one', async t => {
  const folder = await tempFolder(t)
  const logged: string[] = []
  const log = createLog('test', 'warn', line => void logged.push(line))
  const limits = { mostRows: 1000, keptMs: 1e12 }
  const make = () =>
    createPoolJournal({ pool: 'pool', folder: () => folder, limits, clock: systemClock, log })
  const [one, other] = [make(), make()]
  t.teardown(() => [one, other].forEach(each => void each.close()))
  const row = {
    at: 1,
    what: 1,
    kind: null,
    fileId: null,
    place: { pool: '', volume: 'share:a' },
    path: '/a',
    from: null,
    size: null,
    etag: null,
    origin: { actor: 'a', device: null, deviceName: null, address: null, face: 'smb' as const },
  }
  for (const each of [one, other]) each.add(row)
  for (const each of [one, other]) t.is(each.write(), 'done')
  const sqlite = new SQLite(join(folder, 'journal.db'))
  sqlite.pragma('wal_checkpoint(TRUNCATE)')
  sqlite.close()
  await writeFile(join(folder, 'journal.db'), Buffer.alloc(100, 'x'), { flag: 'r+' })
  await writeFile(join(folder, 'journal.db-wal'), '')
  for (const each of [one, other]) each.add({ ...row, path: '/b' })
  for (const each of [one, other]) t.is(each.write(), 'done')
  const counted = new SQLite(join(folder, 'journal-2.db'), { readonly: true })
  t.is(counted.prepare('select count(*) from entry').pluck().get(), 2)
  counted.close()
  t.is(logged.filter(line => line.includes('damaged journal')).length, 1)
  t.true((await readdir(folder)).includes('journal.db'))
})

test('the oldest rows go, by number and by age, and with them the devices that nobody uses any more', async t => {
  const world = await startJournalWorld(t, { limits: { mostRows: 300, keptMs: 86_400_000 } })
  const path = join(world.index, 'journal.db')
  const count = (table: 'entry' | 'origin') => {
    const sqlite = new SQLite(path, { readonly: true })
    try {
      return sqlite.prepare(`select count(*) from ${table}`).pluck().get()
    } finally {
      sqlite.close()
    }
  }
  const now = Date.now()
  for (let index = 0; index < 1_000; index += 1)
    world.journal.note(entryOf({ atMs: now, path: [`${index}`] }))
  await world.journal.stop()
  t.is(count('entry'), 1_000)
  world.journal.start()
  await eventually(async () => count('entry') === 300)
  const { entries, next } = await world.page(carol, '?limit=1000')
  t.is(next, null)
  t.deepEqual(
    entries.map(entry => entry.path),
    Array.from({ length: 300 }, (_, index) => `/${999 - index}`),
  )
  await world.journal.stop()
  const sqlite = new SQLite(path)
  sqlite.prepare('update entry set at = at - 86400001').run()
  sqlite.prepare('update origin set usedAt = usedAt - 3*86400000').run()
  sqlite.close()
  world.journal.start()
  await eventually(async () => count('entry') === 0)
  t.is(count('origin'), 0)
})

test('noting never throws: a pool that is away loses rows, and says how many', async t => {
  const { journal, logged } = await startJournalWorld(t)
  journal.note(entryOf({ pool: 'gone' }))
  journal.note(entryOf({ pool: 'gone' }))
  await journal.flush()
  const line = logged.find(one => one.includes('missing in the journal'))
  t.like(JSON.parse(line ?? '{}'), { pool: 'gone', count: 2, sinceStart: 2 })
})

test('rows wait while another process holds the file, and are there afterwards', async t => {
  const { journal, index, page } = await startJournalWorld(t)
  journal.note(entryOf({ path: ['one'] }))
  await journal.flush()
  const sqlite = new SQLite(join(index, 'journal.db'))
  sqlite.exec('begin immediate')
  journal.note(entryOf({ path: ['two'] }))
  await journal.flush()
  t.deepEqual(
    (await page(carol)).entries.map(({ path }) => path),
    ['/one'],
  )
  sqlite.exec('commit')
  sqlite.close()
  t.deepEqual(
    (await page(carol)).entries.map(({ path }) => path),
    ['/two', '/one'],
  )
})

test('what is closed leaves one file, with nothing beside it that would have to go along', async t => {
  const { journal, index } = await startJournalWorld(t)
  journal.note(entryOf())
  await journal.flush()
  t.true(existsSync(join(index, 'journal.db-wal')))
  await journal.stop()
  t.deepEqual(await readdir(index), ['journal.db'])
})

test('several processes write the same file, and nothing is lost', async t => {
  const folder = await tempFolder(t)
  await mkdir(join(folder, 'index'))
  const script = join(import.meta.dirname, 'note-many.ts')
  const names = ['one', 'two', 'three']
  await Promise.all(names.map(name => execFile(process.execPath, [script, folder, '3000', name])))
  const sqlite = new SQLite(join(folder, 'index', 'journal.db'), { readonly: true })
  const perActor = sqlite
    .prepare('select actor, count(*) as rows from entry join origin on origin.id = origin group by actor')
    .all()
  sqlite.close()
  t.deepEqual(
    perActor,
    names.toSorted().map(actor => ({ actor, rows: 3_000 })),
  )
})

test('a row that cannot be written holds up no other', async t => {
  const { journal, page, logged } = await startJournalWorld(t)
  const names = ['a', 'b', 'bad', 'c', 'd', 'bad', 'e']
  for (const name of names) journal.note(entryOf({ path: [name], sizeBytes: name === 'bad' ? 0.5 : 1 }))
  t.deepEqual((await page(carol)).entries.map(({ path }) => path).toReversed(), [
    '/a',
    '/b',
    '/c',
    '/d',
    '/e',
  ])
  t.is(logged.filter(line => line.includes('missing in the journal')).length, 1)
})

test('who wrote over SMB is an actor with a device; an account of the box is none of ours', t => {
  const writer = { pid: 1, face: 'smb', user: 'bob', address: '192.0.2.1', machine: 'mac' } as const
  t.deepEqual(originOfWriter(writer), {
    actor: 'bob',
    device: 'smb:mac',
    deviceName: 'mac',
    address: '192.0.2.1',
    face: 'smb',
  })
  const nobody = { actor: null, address: null, face: 'box' } as const
  const root = { ...writer, face: 'box', user: 'root', address: null, machine: null } as const
  t.deepEqual(originOfWriter(root), { ...nobody, device: 'box:root', deviceName: 'root' })
  t.deepEqual(originOfWriter(undefined), { ...nobody, device: null, deviceName: null })
  t.is(originOfWriter({ ...writer, face: 'server' }), undefined)
})

testIf('root', 'btrfs')('what comes back from a snapshot is noted, one file or all of a share', async t => {
  const world = await startJournalWorld(t, { isReal: true })
  await put(t, world, bob, '/shared/a.txt', 'one')
  const made = await world.ask('POST', '/api/v1/shares/shared/snapshots', { as: alice, body: {} })
  const { id } = (await made.json()) as { id: string }
  await put(t, world, bob, '/shared/a.txt', 'other')
  const restore = (as: typeof bob, body: unknown) =>
    world.ask('POST', `/api/v1/shares/shared/snapshots/${id}/restore`, { as, body })
  t.is((await restore(bob, { path: '/a.txt' })).status, 204)
  t.is((await restore(alice, {})).status, 204)
  const { entries } = await world.page(carol, '?what=restore')
  t.deepEqual(
    entries.map(({ actor, face, path, kind, size }) => [actor, face, path, kind, size]),
    [
      ['alice', 'rest', '/', 'folder', null],
      ['bob', 'rest', '/a.txt', 'file', 3],
    ],
  )
  t.truthy(entries[1]?.id)
})
