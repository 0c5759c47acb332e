import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import type { Files, JournalEntry, Person } from '../../appliance/files/index.ts'
import { journaled } from '../../appliance/files/service/journal/journaled.ts'
import { getXattr, setXattr } from '../../appliance/lib/posix.ts'
import { type Harness, startDav } from '../dav/harness.ts'
import { tempFolder } from '../helpers/temp.ts'

const alice: Person = { user: 'alice', role: 'member', device: 'laptop', face: 'webdav' }
const bob: Person = { user: 'bob', role: 'member' }

const start = async (t: ExecutionContext) => startDav(t, await tempFolder(t))

const put = (files: Files, path: string[], content: string) =>
  files.write(alice, path, Readable.from([Buffer.from(content)]))

const all = (files: Files, person: Person = alice, folder?: string[]) =>
  gathered(files.trash.list(person, folder ? { folder } : {}))

async function gathered<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of list) found.push(one)
  return found
}

/** The one thing that is in the trash. */
async function only(t: ExecutionContext, files: Files, person: Person = alice) {
  const items = await all(files, person)
  t.is(items.length, 1)
  const [item] = items
  if (!item) throw new Error('nothing in the trash')
  return item
}

const content = (dav: Harness, ...path: string[]) => readFile(join(dav.volumes.shared.path, ...path), 'utf8')

async function refused(t: ExecutionContext, work: Promise<unknown>, code: string) {
  t.like(await t.throwsAsync(work), { code })
}

test('what is deleted lies in the trash with who, when, from where and how, and comes back as the same file', async t => {
  const dav = await start(t)
  const { files } = dav
  const { entry } = await put(files, ['shared', 'a.txt'], 'one')
  const before = Date.now()
  const gone: number[] = []
  files.onRemoved(async ids => void gone.push(...ids))
  await files.remove(alice, ['shared', 'a.txt'])
  await refused(t, files.stat(alice, ['shared', 'a.txt']), 'files/missing')
  const item = await only(t, files)
  t.deepEqual(item.origin, ['shared', 'a.txt'])
  t.like(item.about, { by: 'alice', device: 'laptop', face: 'webdav', why: 'deleted' })
  t.true(item.deletedAtMs >= before && item.deletedAtMs <= Date.now())
  t.is(item.entry.id, entry.id)
  const restored = await files.trash.restore(alice, item.id, { whenTaken: 'fail' })
  t.deepEqual(restored.path, ['shared', 'a.txt'])
  t.is(restored.entry.id, entry.id)
  t.is(restored.entry.etag, entry.etag)
  t.is(await content(dav, 'a.txt'), 'one')
  t.deepEqual(await readdir(join(dav.volumes.shared.path, '.cairn/trash')), [])
  t.deepEqual(gone, [])
})

test('the trash is on the disk alone: another server over the same folder shows and restores it', async t => {
  const dav = await start(t)
  await put(dav.files, ['shared', 'a.txt'], 'one')
  await dav.files.remove(alice, ['shared', 'a.txt'])
  const other = await dav.second()
  const item = await only(t, other.files)
  t.is(item.about.by, 'alice')
  await other.files.trash.restore(alice, item.id, { whenTaken: 'fail' })
  t.is(await content(dav, 'a.txt'), 'one')
})

test('a folder goes by one rename, is looked into, and one thing of it comes back with the folders it lay in', async t => {
  const dav = await start(t)
  const { files } = dav
  await mkdir(join(dav.volumes.shared.path, 'photos/2026/may'), { recursive: true })
  await put(files, ['shared', 'photos', '2026', 'may', 'a.jpg'], 'a')
  await put(files, ['shared', 'photos', '2026', 'b.jpg'], 'b')
  const { ino } = await stat(join(dav.volumes.shared.path, 'photos'))
  await files.remove(alice, ['shared', 'photos'])
  const item = await only(t, files)
  t.is((await stat(join(dav.volumes.shared.path, '.cairn/trash', item.item, 'photos'))).ino, ino)
  t.deepEqual((await files.trash.listInside(alice, item.id, ['2026'])).map(({ name }) => name).sort(), [
    'b.jpg',
    'may',
  ])
  const file = await files.trash.open(alice, item.id, ['2026', 'b.jpg'])
  const bytes = Buffer.alloc(1)
  file.readNow(bytes, 0)
  file.close()
  t.is(bytes.toString(), 'b')
  const inside = ['2026', 'may', 'a.jpg']
  const restored = await files.trash.restore(alice, item.id, { inside, whenTaken: 'fail' })
  t.deepEqual(restored.path, ['shared', 'photos', '2026', 'may', 'a.jpg'])
  t.is(await content(dav, 'photos/2026/may/a.jpg'), 'a')
  const rest = await only(t, files)
  t.deepEqual(await files.trash.listInside(alice, rest.id, ['2026', 'may']), [])
  await refused(t, files.trash.restore(alice, rest.id, { whenTaken: 'fail' }), 'files/target-exists')
})

test('a taken name is refused, stepped around or replaced, and what is replaced is in the trash in turn', async t => {
  const dav = await start(t)
  const { files } = dav
  await put(files, ['shared', 'a.txt'], 'old')
  await files.remove(alice, ['shared', 'a.txt'])
  await put(files, ['shared', 'a.txt'], 'new')
  const item = await only(t, files)
  await refused(t, files.trash.restore(alice, item.id, { whenTaken: 'fail' }), 'files/target-exists')
  t.is(await content(dav, 'a.txt'), 'new')
  const beside = await files.trash.restore(alice, item.id, { whenTaken: 'rename' })
  t.deepEqual(beside.path, ['shared', 'a (restored).txt'])
  await files.remove(alice, beside.path)
  const again = await only(t, files)
  const to = ['shared', 'a.txt']
  await files.trash.restore(alice, again.id, { to, whenTaken: 'replace' })
  t.is(await content(dav, 'a.txt'), 'old')
  const replaced = await only(t, files)
  t.like(replaced.about, { why: 'replaced', path: 'a.txt', by: 'alice' })
  t.is(await text(createReader(files, replaced.id)), 'new')
})

async function* createReader(files: Files, id: string) {
  const file = await files.trash.open(alice, id, [])
  try {
    const bytes = Buffer.alloc(file.entry.size)
    await file.read(bytes, 0)
    yield bytes
  } finally {
    file.close()
  }
}

test('what a move or a copy replaces keeps its id in the trash', async t => {
  const { files } = await start(t)
  for (const act of ['move', 'copy'] as const) {
    const { entry } = await put(files, ['shared', 'target'], 'below')
    await put(files, ['shared', 'source'], 'above')
    await files[act](alice, ['shared', 'source'], ['shared', 'target'], { overwrite: true })
    const item = await only(t, files)
    t.is(item.entry.id, entry.id)
    t.is(item.about.why, 'replaced')
    await files.trash.remove(alice, item.id)
  }
})

test('it comes back to another volume too', async t => {
  const dav = await start(t)
  const { files } = dav
  const { entry } = await put(files, ['a.txt'], 'mine')
  await files.remove(alice, ['a.txt'])
  const item = await only(t, files)
  t.is(item.id.split('/')[0], 'home:alice')
  const to = ['shared', 'from home', 'b.txt']
  const restored = await files.trash.restore(alice, item.id, { to, whenTaken: 'fail' })
  t.is(restored.entry.id, entry.id)
  t.is(await content(dav, 'from home/b.txt'), 'mine')
  t.deepEqual(await all(files), [])
})

test('everybody with a right on a share sees its trash, who may only read changes nothing, and a home is its owner’s', async t => {
  const { files } = await start(t)
  await put(files, ['media', 'film'], 'x')
  await files.remove(alice, ['media', 'film'])
  await put(files, ['letter'], 'x')
  await files.remove(alice, ['letter'])
  t.is((await all(files)).length, 2)
  const item = await only(t, files, bob)
  t.deepEqual(item.origin, ['media', 'film'])
  for (const work of [
    files.trash.restore(bob, item.id, { whenTaken: 'fail' }),
    files.trash.remove(bob, item.id),
    files.trash.empty(bob, ['media']),
  ])
    await refused(t, work, 'files/read-only-grant')
  const [letter] = await all(files)
  await t.throwsAsync(files.trash.find(bob, letter?.id ?? ''), { message: /not in the trash/ })
  await files.trash.empty(bob)
  t.is((await all(files)).length, 2)
})

test('deleted for good, the ids are told to be gone; not a moment earlier', async t => {
  const dav = await start(t)
  const { files } = dav
  const gone: number[] = []
  files.onRemoved(async ids => void gone.push(...ids))
  await mkdir(join(dav.volumes.shared.path, 'tree'))
  const { entry } = await put(files, ['shared', 'tree', 'a'], 'x')
  const other = await put(files, ['shared', 'tree', 'b'], 'x')
  await files.remove(alice, ['shared', 'tree'])
  const item = await only(t, files)
  await files.trash.remove(alice, item.id, ['b'])
  await workspaceEmpty(dav)
  t.deepEqual(gone, [other.entry.id ?? 0])
  await files.trash.remove(alice, item.id)
  await workspaceEmpty(dav)
  await files.stop()
  t.true(gone.includes(entry.id ?? 0))
  t.deepEqual(await all(files), [])
})

test('emptying takes all of a volume’s trash in one step, and the next deletion finds a new one', async t => {
  const dav = await start(t)
  const { files } = dav
  for (const name of ['a', 'b', 'c']) {
    await put(files, ['shared', name], name)
    await files.remove(alice, ['shared', name])
  }
  await put(files, ['mine'], '')
  await files.remove(alice, ['mine'])
  await files.trash.empty(alice, ['shared'])
  t.deepEqual(
    (await all(files)).map(({ origin }) => origin),
    [['mine']],
  )
  await put(files, ['shared', 'd'], 'd')
  await files.remove(alice, ['shared', 'd'])
  t.is((await all(files, alice, ['shared'])).length, 1)
  await workspaceEmpty(dav)
})

test('pages follow one another, the newest first, over all volumes', async t => {
  const { files } = await start(t)
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const [index, name] of names.entries()) {
    const path = index % 2 ? [name] : ['shared', name]
    await put(files, path, name)
    await files.remove(alice, path)
  }
  const seen: string[] = []
  let after: string | undefined
  for (;;) {
    const page = await gathered(files.trash.list(alice, { limit: 2, ...(after ? { after } : {}) }))
    if (page.length === 0) break
    seen.push(...page.map(({ entry }) => entry.name))
    after = page.at(-1)?.item
  }
  t.deepEqual(seen.sort(), names)
})

test('what is wrapped without a word about it still shows by its name, and foreign things in the trash are left alone', async t => {
  const dav = await start(t)
  const trash = join(dav.volumes.shared.path, '.cairn/trash')
  await mkdir(join(trash, '1795294250123-abc'), { recursive: true })
  await writeFile(join(trash, '1795294250123-abc', 'found'), 'x')
  await mkdir(join(trash, 'something else'))
  await mkdir(join(trash, '1795294250124-abc'))
  const item = await only(t, dav.files)
  t.like(item, { deletedAtMs: 1795294250123, origin: ['shared', 'found'] })
  t.is(getXattr(join(trash, item.item), 'user.cairn.trash'), undefined)
})

test('a place that no face would take is not restored to', async t => {
  const dav = await start(t)
  const trash = join(dav.volumes.shared.path, '.cairn/trash')
  for (const [index, path] of [
    '../out',
    'a/../../out',
    '.cairn/tmp/new-x',
    '.CAIRN/x',
    'a//b',
    '.',
  ].entries()) {
    const item = join(trash, `179529425012${index}-abc`)
    await mkdir(item, { recursive: true })
    await writeFile(join(item, 'found'), 'x')
    const about = { format: 1, path, by: 'x', why: 'deleted' }
    setXattr(item, 'user.cairn.trash', Buffer.from(JSON.stringify(about)))
  }
  for (const { id, origin } of await all(dav.files)) {
    t.deepEqual(origin, ['shared', 'found'])
    await dav.files.trash.restore(alice, id, { whenTaken: 'rename' })
  }
  t.is((await readdir(dav.volumes.shared.path)).length, 7)
})

test('a hostile id or path reaches nothing outside the trash', async t => {
  const { files } = await start(t)
  await put(files, ['shared', 'a'], 'x')
  await files.remove(alice, ['shared', 'a'])
  const item = await only(t, files)
  for (const id of [
    '',
    '/',
    'share:shared',
    'share:shared/..',
    'share:shared/../..',
    `home:bob/${item.item}`,
    `${item.id}/a`,
  ])
    await t.throwsAsync(files.trash.find(alice, id), { message: /not in the trash/ })
  for (const inside of [['..'], ['a', '..', '..'], ['x/y'], ['\0']])
    await t.throwsAsync(files.trash.open(alice, item.id, inside))
})

test('what comes back from the trash, and what becomes the present content again, is in the journal', async t => {
  const { files, volumes } = await start(t)
  const noted: Pick<JournalEntry, 'what' | 'path' | 'actor' | 'fileId'>[] = []
  const shares = {
    home: () => volumes.home,
    volumes: () => [volumes.home, volumes.shared],
    volume: (_: Person, name: string) => (name === 'shared' ? volumes.shared : undefined),
  }
  const journal = {
    note: ({ what, path, actor, fileId }: JournalEntry) => void noted.push({ what, path, actor, fileId }),
  }
  const { trash, versions } = journaled(files, { journal, shares })
  const { entry } = await put(files, ['shared', 'a.txt'], 'one')
  await put(files, ['shared', 'a.txt'], 'two')
  const [, old] = await versions.list(alice, ['shared', 'a.txt'])
  await versions.restore(alice, ['shared', 'a.txt'], old?.id ?? '')
  await files.remove(alice, ['shared', 'a.txt'])
  const { id } = await only(t, files)
  await trash.restore(alice, id, { to: ['shared', 'b.txt'], whenTaken: 'fail' })
  const restored = { what: 'restore', actor: 'alice', fileId: entry.id ?? 0 } as const
  t.deepEqual(noted, [
    { ...restored, path: ['a.txt'] },
    { ...restored, path: ['b.txt'] },
  ])
})

/** Until the background has removed what is gone. */
async function workspaceEmpty({ volumes }: Harness): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if ((await readdir(join(volumes.shared.path, '.cairn/tmp'))).length === 0) return
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new Error('the workspace did not become empty')
}
