import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { createFiles, type Entry, type Files, type Volume } from '../../appliance/files/index.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import type { FailureKind } from '../../appliance/lib/failure.ts'
import { createLog } from '../../appliance/lib/log.ts'
import { getXattr, setXattr } from '../../appliance/lib/posix.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

const alice = { user: 'alice', role: 'member' } as const

interface Setup {
  files: Files
  home: Volume
  shared: Volume
  other: Volume
  logged: string[]
}

async function setUp(t: ExecutionContext, folder?: string): Promise<Setup> {
  const top = folder ?? (await tempFolder(t))
  const volume = (kind: Volume['kind'], name: string): Volume => ({
    kind,
    name,
    pool: 'pool',
    path: join(top, name),
    right: 'write',
    isAvailable: true,
    isReadOnly: false,
  })
  const [home, shared, other] = [volume('home', 'alice'), volume('share', 'shared'), volume('share', 'other')]
  for (const one of [home, shared, other]) await mkdir(one.path, { recursive: true })
  const logged: string[] = []
  const files = createFiles({
    shares: {
      home: () => home,
      volumes: () => [home, other, shared],
      volume: (_person, name) => [shared, other].find(one => one.name === name),
    },
    events: createEvents(),
    log: createLog('test', 'warn', line => void logged.push(line)),
  })
  t.teardown(files.stop)
  return { files, home, shared, other, logged }
}

async function failsWith(
  t: ExecutionContext,
  work: Promise<unknown>,
  expected: { code: string } | { kind: FailureKind } | { message: string },
) {
  const error = await t.throwsAsync(work)
  t.like(error, expected)
}

const put = (files: Files, path: string[], text: string) =>
  files.write(alice, path, Readable.from([Buffer.from(text)]))

async function namesIn(files: Files, path: string[]): Promise<string[]> {
  const entries: Entry[] = []
  for await (const page of files.list(alice, path)) entries.push(...page)
  return entries.map(entry => entry.name).sort()
}

/** Until the background has emptied the workspace. */
async function workspaceEmpty(volume: Volume): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if ((await readdir(join(volume.path, '.cairn/tmp'))).length === 0) return
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new Error(`left: ${await readdir(join(volume.path, '.cairn/tmp'))}`)
}

test('the root of the tree is the home and the shares; .cairn is neither listed nor reached', async t => {
  const { files, home } = await setUp(t)
  await writeFile(join(home.path, 'mine.txt'), '')
  await mkdir(join(home.path, 'shared'))
  await mkdir(join(home.path, '.cairn'), { recursive: true })
  t.deepEqual(await namesIn(files, []), ['mine.txt', 'other', 'shared', 'shared (home)'])
  await put(files, ['shared (home)', 'a.txt'], 'in the home')
  t.is(await readFile(join(home.path, 'shared/a.txt'), 'utf8'), 'in the home')
  for (const path of [['.cairn'], ['shared', '.cairn', 'tmp'], ['shared', '.CAIRN']]) {
    await failsWith(t, files.stat(alice, path), { code: 'files/reserved' })
  }
})

test('overwriting keeps the id and what others hang on the file, raises the generation and changes the etag', async t => {
  const { files, shared } = await setUp(t)
  const path = join(shared.path, 'a.txt')
  const first = await put(files, ['shared', 'a.txt'], 'one')
  t.true(first.isNew)
  setXattr(path, 'user.DOSATTRIB', Buffer.from('0x20'))
  const before = await stat(path)
  const second = await files.write(alice, ['shared', 'a.txt'], Readable.from([Buffer.from('two')]), {
    modifiedAtMs: before.mtimeMs,
  })
  t.false(second.isNew)
  t.is(second.entry.id, first.entry.id)
  t.not(second.entry.etag, first.entry.etag)
  t.is(getXattr(path, 'user.DOSATTRIB')?.toString(), '0x20')
  t.is(getXattr(path, 'user.cairn.id')?.readUInt32LE(8), 2)
})

test('the etag is the documented function of id, generation, size and time', async t => {
  const { files, shared } = await setUp(t)
  const { entry } = await put(files, ['shared', 'a.txt'], 'hello')
  const identity = getXattr(join(shared.path, 'a.txt'), 'user.cairn.id') ?? Buffer.alloc(0)
  const { mtimeNs } = await stat(join(shared.path, 'a.txt'), { bigint: true })
  const input = Buffer.alloc(32)
  identity.copy(input)
  input.writeBigUInt64LE(5n, 12)
  input.writeBigInt64LE(mtimeNs / 1_000_000_000n, 20)
  input.writeUInt32LE(Number(mtimeNs % 1_000_000_000n), 28)
  t.is(entry.etag, createHash('sha256').update(input).digest('hex').slice(0, 32))
  t.is(entry.id, Number(identity.readBigUInt64LE(0)))
  t.true(Number(entry.id) > 0 && Number(entry.id) < 2 ** 52)
})

test('what was put there from outside gets an id as it is first seen, and keeps it through renames', async t => {
  const { files, shared } = await setUp(t)
  await writeFile(join(shared.path, 'a.txt'), 'x')
  const { id } = await files.stat(alice, ['shared', 'a.txt'])
  t.truthy(id)
  await rename(join(shared.path, 'a.txt'), join(shared.path, 'b.txt'))
  t.is((await files.stat(alice, ['shared', 'b.txt'])).id, id)
  const moved = await files.move(alice, ['shared', 'b.txt'], ['other', 'c.txt'], { overwrite: false })
  t.is(moved.entry.id, id)
  const copied = await files.copy(alice, ['other', 'c.txt'], ['shared', 'd.txt'], { overwrite: false })
  t.not(copied.entry.id, id)
})

test('an upload that breaks off leaves the old file and no debris', async t => {
  const { files, shared } = await setUp(t)
  await put(files, ['shared', 'a.txt'], 'old')
  async function* broken() {
    yield Buffer.alloc(700_000)
    throw new Error('aborted')
  }
  await failsWith(t, files.write(alice, ['shared', 'a.txt'], broken()), {
    code: 'files/upload-ended',
  })
  const short = files.write(alice, ['shared', 'b.txt'], Readable.from([Buffer.from('abc')]), {
    expectedSize: 4,
  })
  await failsWith(t, short, { code: 'files/size-mismatch' })
  t.is(await readFile(join(shared.path, 'a.txt'), 'utf8'), 'old')
  t.deepEqual(await namesIn(files, ['shared']), ['a.txt'])
  t.deepEqual(await readdir(join(shared.path, '.cairn/tmp')), [])
})

test('a precondition is judged again at the moment of the replacement', async t => {
  const { files } = await setUp(t)
  const { entry } = await put(files, ['shared', 'a.txt'], 'first')
  const mustBe = (etag: string | undefined) => (current: Entry | undefined) => {
    if (current?.etag !== etag) throw new Error('changed meanwhile')
  }
  async function* slow() {
    await put(files, ['shared', 'a.txt'], 'somebody else')
    yield Buffer.from('second')
  }
  await failsWith(t, files.write(alice, ['shared', 'a.txt'], slow(), { precondition: mustBe(entry.etag) }), {
    message: 'changed meanwhile',
  })
  const contents = await Promise.allSettled(
    ['1', '2', '3', '4'].map(text =>
      files.write(alice, ['shared', 'new.txt'], Readable.from([Buffer.from(text)]), {
        precondition: mustBe(undefined),
      }),
    ),
  )
  t.is(contents.filter(one => one.status === 'fulfilled').length, 1)
})

test('concurrent uploads to one name all succeed, and one of them whole is what stays', async t => {
  const { files, shared } = await setUp(t)
  const texts = Array.from({ length: 12 }, (_, index) => String(index).repeat(50_000))
  await Promise.all(texts.map(text => put(files, ['shared', 'a.txt'], text)))
  t.true(texts.includes(await readFile(join(shared.path, 'a.txt'), 'utf8')))
  t.deepEqual(await readdir(join(shared.path, '.cairn/tmp')), [])
})

test('a file that somebody has open for writing is not replaced, moved or deleted', async t => {
  const { files, shared } = await setUp(t)
  await put(files, ['shared', 'a.txt'], 'x')
  const fd = openSync(join(shared.path, 'a.txt'), 'r+')
  t.teardown(() => closeSync(fd))
  const locked = { code: 'files/open-elsewhere' }
  await failsWith(t, put(files, ['shared', 'a.txt'], 'y'), locked)
  await failsWith(t, files.remove(alice, ['shared', 'a.txt']), locked)
  await failsWith(
    t,
    files.move(alice, ['shared', 'a.txt'], ['shared', 'b.txt'], { overwrite: false }),
    locked,
  )
})

test('links and devices are not listed, not followed, not written through', async t => {
  const { files, shared } = await setUp(t)
  await writeFile(join(shared.path, '..', 'secret.txt'), 'secret')
  await symlink('../secret.txt', join(shared.path, 'link.txt'))
  await symlink('..', join(shared.path, 'up'))
  execFileSync('mkfifo', [join(shared.path, 'pipe')])
  t.deepEqual(await namesIn(files, ['shared']), [])
  for (const path of [
    ['shared', 'link.txt'],
    ['shared', 'up', 'secret.txt'],
    ['shared', 'pipe'],
  ]) {
    await failsWith(t, files.open(alice, path), { kind: 'missing' })
  }
  await failsWith(t, put(files, ['shared', 'link.txt'], 'x'), { code: 'files/not-a-file' })
  await failsWith(t, put(files, ['shared', 'up', 'x.txt'], 'x'), { code: 'files/no-parent' })
  t.is(await readFile(join(shared.path, '..', 'secret.txt'), 'utf8'), 'secret')
})

test('a name that is not UTF-8 is reported, not served', async t => {
  const { files, shared, logged } = await setUp(t)
  await writeFile(Buffer.concat([Buffer.from(`${shared.path}/bad`), Buffer.from([0xff, 0xfe])]), '')
  await writeFile(join(shared.path, 'good\ufffd.txt'), '')
  t.deepEqual(await namesIn(files, ['shared']), ['good\ufffd.txt'])
  t.is(logged.length, 1)
  await mkdir(join(shared.path, 'folder'))
  await rename(
    Buffer.concat([Buffer.from(`${shared.path}/bad`), Buffer.from([0xff, 0xfe])]) as never,
    join(shared.path, 'folder/fine'),
  )
  await files.remove(alice, ['shared', 'folder'], { isForGood: true })
  await workspaceEmpty(shared)
})

test('what is on a pool that is away is unavailable: never missing, never empty, and the share stays listed', async t => {
  const { files, shared, home } = await setUp(t)
  await put(files, ['shared', 'a.txt'], 'x')
  shared.isAvailable = false
  t.true((await namesIn(files, [])).includes('shared'))
  t.false((await files.stat(alice, ['shared'])).isAvailable)
  const away = { kind: 'unavailable' } as const
  await failsWith(t, files.stat(alice, ['shared', 'a.txt']), away)
  await failsWith(t, files.stat(alice, ['shared', 'never there']), away)
  await failsWith(t, namesIn(files, ['shared']), away)
  await failsWith(t, put(files, ['shared', 'b.txt'], 'x'), away)
  shared.isAvailable = true
  shared.path = join(shared.path, 'vanished')
  await failsWith(t, namesIn(files, ['shared']), away)
  home.isAvailable = false
  await failsWith(t, namesIn(files, []), away)
})

test('a read-only pool or grant forbids every change', async t => {
  const { files, shared } = await setUp(t)
  await put(files, ['shared', 'a.txt'], 'x')
  for (const change of [{ right: 'read' }, { isReadOnly: true, right: 'write' }] as const) {
    Object.assign(shared, change)
    const forbidden = { kind: 'forbidden' } as const
    await failsWith(t, put(files, ['shared', 'b.txt'], 'x'), forbidden)
    await failsWith(t, files.makeFolder(alice, ['shared', 'f']), forbidden)
    await failsWith(t, files.remove(alice, ['shared', 'a.txt']), forbidden)
    await failsWith(t, files.move(alice, ['shared', 'a.txt'], ['x.txt'], { overwrite: false }), forbidden)
    t.is((await files.stat(alice, ['shared', 'a.txt'])).right, 'read')
  }
})

test('deleting a large tree answers at once, tells the ids that are gone, and leaves nothing', async t => {
  const { files, shared } = await setUp(t)
  for (let outer = 0; outer < 10; outer += 1) {
    await mkdir(join(shared.path, 'tree', `${outer}`, 'deep', 'deeper'), { recursive: true })
    for (let inner = 0; inner < 50; inner += 1)
      await writeFile(join(shared.path, 'tree', `${outer}`, 'deep', `${inner}`), '')
  }
  const known = await files.stat(alice, ['shared', 'tree', '3', 'deep', '7'])
  const gone: number[] = []
  files.onRemoved(async ids => void gone.push(...ids))
  await files.remove(alice, ['shared', 'tree'], { isForGood: true })
  t.deepEqual(await namesIn(files, ['shared']), [])
  await workspaceEmpty(shared)
  await files.stop()
  t.true(gone.includes(known.id ?? 0))
})

test('what a killed process left in the workspace is swept, what is under way is not', async t => {
  const top = await tempFolder(t)
  const { shared } = await setUp(t, top)
  const tmp = join(shared.path, '.cairn/tmp')
  await mkdir(join(tmp, 'gone-abc', 'inner'), { recursive: true })
  await writeFile(join(tmp, 'new-abc'), 'half an upload')
  await writeFile(join(tmp, 'gone-abc/inner/x'), '')
  const { files } = await setUp(t, top)
  async function* slow() {
    yield Buffer.from('first ')
    await files.stat(alice, ['shared'])
    await workspaceHas(tmp, 1)
    yield Buffer.from('second')
  }
  await files.write(alice, ['shared', 'a.txt'], slow())
  t.is(await readFile(join(shared.path, 'a.txt'), 'utf8'), 'first second')
  t.deepEqual(await readdir(tmp), [])
})

async function workspaceHas(folder: string, count: number): Promise<void> {
  for (let tries = 0; tries < 2000; tries += 1) {
    if ((await readdir(folder)).length === count) return
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new Error(`has ${await readdir(folder)}`)
}

test('moving onto something replaces it in one step; into itself is refused', async t => {
  const { files, shared } = await setUp(t)
  await files.makeFolder(alice, ['shared', 'a'])
  await put(files, ['shared', 'a', 'x.txt'], 'x')
  await files.makeFolder(alice, ['shared', 'b'])
  await put(files, ['shared', 'b', 'y.txt'], 'y')
  await failsWith(t, files.move(alice, ['shared', 'a'], ['shared', 'b'], { overwrite: false }), {
    code: 'files/target-exists',
  })
  await failsWith(t, files.move(alice, ['shared', 'a'], ['shared', 'a', 'inner'], { overwrite: true }), {
    code: 'files/into-itself',
  })
  await failsWith(t, files.move(alice, ['shared'], ['x'], { overwrite: true }), {
    code: 'files/volume-root',
  })
  const { id } = await files.stat(alice, ['shared', 'a'])
  const { isNew, entry } = await files.move(alice, ['shared', 'a'], ['shared', 'b'], { overwrite: true })
  t.false(isNew)
  t.is(entry.id, id)
  t.deepEqual(await namesIn(files, ['shared', 'b']), ['x.txt'])
  await workspaceEmpty(shared)
})

test('a zip holds the tree under its names, and breaking it off closes what was open', async t => {
  const { files } = await setUp(t)
  await files.makeFolder(alice, ['shared', 'möwe'])
  await put(files, ['shared', 'möwe', '🦀.txt'], 'crab')
  await put(files, ['shared', 'möwe', 'b.txt'], 'b'.repeat(300_000))
  const zip = await buffer(await files.writeArchive(alice, [['shared', 'möwe']]))
  const folder = await tempFolder(t)
  await writeFile(join(folder, 'x.zip'), zip)
  const listed = execFileSync('python3', [
    '-c',
    'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), sorted(z.namelist()))',
    join(folder, 'x.zip'),
  ])
  t.is(listed.toString().trim(), "None ['möwe/', 'möwe/b.txt', 'möwe/🦀.txt']")
  const cut = await files.writeArchive(alice, [['shared', 'möwe']])
  cut.once('data', () => cut.destroy())
  await new Promise(resolve => cut.once('close', resolve))
  await failsWith(t, files.writeArchive(alice, [['shared', 'nothing']]), { kind: 'missing' })
})

testIf('root', 'btrfs')(
  'between subvolumes a tree moves with ids, times and attributes; a full pool says so',
  async t => {
    const folder = await tempFolder(t)
    const [image, mount] = [join(folder, 'disk.img'), join(folder, 'mount')]
    execFileSync('truncate', ['-s', '300M', image])
    execFileSync('mkfs.btrfs', ['-q', image], { stdio: 'ignore' })
    mkdirSync(mount)
    execFileSync('mount', ['-o', 'loop,ssd', image, mount])
    t.teardown(() => {
      execFileSync('umount', [mount])
      rmSync(image)
    })
    for (const name of ['alice', 'shared', 'other'])
      execFileSync('btrfs', ['-q', 'subvolume', 'create', join(mount, name)])
    const { files, shared, other } = await setUp(t, mount)
    await files.makeFolder(alice, ['shared', 'tree'])
    const { entry } = await files.write(
      alice,
      ['shared', 'tree', 'a.bin'],
      Readable.from([Buffer.alloc(100_000, 7)]),
      { modifiedAtMs: 1_500_000_000_000 },
    )
    setXattr(join(shared.path, 'tree/a.bin'), 'user.DOSATTRIB', Buffer.from('x'))
    const folderId = (await files.stat(alice, ['shared', 'tree'])).id
    await files.move(alice, ['shared', 'tree'], ['other', 'tree'], { overwrite: false })
    const there = await files.stat(alice, ['other', 'tree', 'a.bin'])
    t.is(there.id, entry.id)
    t.is(there.etag, entry.etag)
    t.is(there.modifiedAtMs, 1_500_000_000_000)
    t.is((await files.stat(alice, ['other', 'tree'])).id, folderId)
    t.is(getXattr(join(other.path, 'tree/a.bin'), 'user.DOSATTRIB')?.toString(), 'x')
    await failsWith(t, files.stat(alice, ['shared', 'tree']), { kind: 'missing' })

    const endless = async function* () {
      for (;;) yield Buffer.alloc(1024 * 1024, Math.random() * 256)
    }
    await failsWith(t, files.write(alice, ['shared', 'big'], endless()), { kind: 'full' })
    await failsWith(t, files.write(alice, ['shared', 'big'], endless(), { expectedSize: 10 ** 12 }), {
      kind: 'full',
    })
    t.deepEqual(await readdir(join(shared.path, '.cairn/tmp')), [])
    await files.stop()
  },
)
