import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import type { Files, Person } from '../../appliance/files/index.ts'
import { getXattr, setXattr } from '../../appliance/lib/posix.ts'
import { type Harness, startDav } from '../dav/harness.ts'
import { tempFolder } from '../helpers/temp.ts'

const alice: Person = { user: 'alice', role: 'member', device: 'laptop', face: 'webdav' }
const bob: Person = { user: 'bob', role: 'member' }
const path = ['shared', 'a.txt']

const start = async (t: ExecutionContext) => startDav(t, await tempFolder(t))

const put = (files: Files, to: string[], content: string, who = alice, modifiedAtMs?: number) =>
  files.write(who, to, Readable.from([Buffer.from(content)]), modifiedAtMs ? { modifiedAtMs } : {})

async function contentOf(files: Files, id: string, at = path): Promise<string> {
  const file = files.versions.open(alice, at, id)
  try {
    const bytes = Buffer.alloc(file.entry.size)
    await file.read(bytes, 0)
    return bytes.toString()
  } finally {
    file.close()
  }
}

const contents = async (files: Files, at = path) =>
  Promise.all((await files.versions.list(alice, at)).map(({ id }) => contentOf(files, id, at)))

/** The ids of the files that have versions. */
async function shelves(volume: { path: string }): Promise<string[]> {
  const names = await readdir(join(volume.path, '.cairn/versions')).catch(() => [])
  return names.filter(name => /^\d+$/.test(name))
}

async function refused(t: ExecutionContext, work: Promise<unknown>, code: string) {
  t.like(await t.throwsAsync(work), { code })
}

test('what is overwritten is a version, with its time, size and author, and the file keeps its id', async t => {
  const { files, volumes } = await start(t)
  const { entry } = await put(files, path, 'one', alice, 1_500_000_000_000)
  const { ino } = await stat(join(volumes.shared.path, 'a.txt'))
  await put(files, path, 'second', bob, 1_600_000_000_000)
  await put(files, path, 'the third', alice, 1_700_000_000_000)
  const all = await files.versions.list(alice, path)
  t.deepEqual(
    all.map(({ modifiedAtMs, size, author, isCurrent, kind }) => [
      modifiedAtMs,
      size,
      author,
      isCurrent,
      kind,
    ]),
    [
      [1_700_000_000_000, 9, 'alice', true, 'version'],
      [1_600_000_000_000, 6, 'bob', false, 'version'],
      [1_500_000_000_000, 3, 'alice', false, 'version'],
    ],
  )
  t.deepEqual(await contents(files), ['the third', 'second', 'one'])
  const shelf = join(volumes.shared.path, '.cairn/versions', String(entry.id))
  t.deepEqual(
    await readdir(shelf),
    all
      .slice(1)
      .map(({ id }) => id)
      .sort(),
  )
  // Kept by a rename, not by a copy.
  t.is((await stat(join(shelf, all[2]?.id ?? ''))).ino, ino)
  t.deepEqual(await readdir(join(volumes.shared.path, '.cairn/tmp')), [])
})

test('an empty file leaves no version, and what never was overwritten has only its present content', async t => {
  const { files, volumes } = await start(t)
  await put(files, path, '')
  await put(files, path, 'one')
  t.deepEqual(await contents(files), ['one'])
  t.deepEqual(await shelves(volumes.shared), [])
})

test('who wrote a content is not said any more once somebody else has changed it from outside', async t => {
  const { files, volumes } = await start(t)
  await put(files, path, 'one')
  await writeFile(join(volumes.shared.path, 'a.txt'), 'from outside')
  const [current] = await files.versions.list(alice, path)
  t.is(current?.author, undefined)
  await put(files, path, 'two')
  await files.touch(bob, path, 1_600_000_000_000)
  t.is((await files.versions.list(alice, path))[0]?.author, 'alice')
})

test('restoring keeps the present content as a version, and is one more change of the same file', async t => {
  const { files, volumes } = await start(t)
  const first = await put(files, path, 'one', alice, 1_500_000_000_000)
  setXattr(join(volumes.shared.path, 'a.txt'), 'user.DOSATTRIB', Buffer.from('0x20'))
  await put(files, path, 'two', bob, 1_600_000_000_000)
  const [, old] = await files.versions.list(alice, path)
  const { entry } = await files.versions.restore(alice, path, old?.id ?? '')
  t.is(entry.id, first.entry.id)
  t.not(entry.etag, first.entry.etag)
  t.is(entry.modifiedAtMs, 1_500_000_000_000)
  t.deepEqual(await contents(files), ['one', 'two'])
  t.is(getXattr(join(volumes.shared.path, 'a.txt'), 'user.DOSATTRIB')?.toString(), '0x20')
  const sums = await files.checksums(alice, ['shared'], [entry])
  t.regex(sums.get('a.txt') ?? '', /SHA1:fe05bcdcdc4928012781a5f1a2a77cbb5398e106/)
})

test('a label stays with the content, through an overwrite and a restore, and can be taken away', async t => {
  const { files } = await start(t)
  await put(files, path, 'one')
  await files.versions.label(alice, path, 'current', 'as sent')
  await put(files, path, 'two')
  const [current, old] = await files.versions.list(alice, path)
  t.deepEqual([current?.label, old?.label], [undefined, 'as sent'])
  await files.versions.restore(alice, path, old?.id ?? '')
  const all = await files.versions.list(alice, path)
  t.is(all.filter(({ label }) => label === 'as sent').length, 1)
  await files.versions.label(alice, path, old?.id ?? '', '')
  t.true((await files.versions.list(alice, path)).every(({ label }) => label === undefined))
})

test('versions are deleted one by one; the present content and strangers’ names are not', async t => {
  const { files } = await start(t)
  await put(files, path, 'one')
  await put(files, path, 'two')
  const [, old] = await files.versions.list(alice, path)
  const gone: number[] = []
  files.onRemoved(async ids => void gone.push(...ids))
  await refused(t, files.versions.remove(alice, path, 'current'), 'files/version-not-alone')
  await refused(t, files.versions.remove(alice, path, '@GMT-2026.11.22-05.31.00'), 'files/version-not-alone')
  for (const id of ['..', '../x', '.', 'x', '0000000000000-00000000zzz'])
    t.like(await t.throwsAsync(files.versions.remove(alice, path, id)), { kind: 'missing' })
  await files.versions.remove(alice, path, old?.id ?? '')
  t.deepEqual(await contents(files), ['two'])
  await files.stop()
  t.deepEqual(gone, [])
})

test('versions follow the file through renames, the trash and to another volume, and go with it for good', async t => {
  const dav = await start(t)
  const { files, volumes } = dav
  const { entry } = await put(files, path, 'one')
  await put(files, path, 'two')
  await files.move(alice, path, ['shared', 'b.txt'], { overwrite: false })
  t.deepEqual(await contents(files, ['shared', 'b.txt']), ['two', 'one'])
  await files.remove(alice, ['shared', 'b.txt'])
  for await (const { id } of files.trash.list(alice))
    await files.trash.restore(alice, id, { whenTaken: 'fail' })
  t.deepEqual(await contents(files, ['shared', 'b.txt']), ['two', 'one'])
  await mkdir(join(volumes.media.path, 'folder'))
  const [, before] = await files.versions.list(alice, ['shared', 'b.txt'])
  const to = ['media', 'folder', 'c.txt']
  await files.move(alice, ['shared', 'b.txt'], to, { overwrite: false })
  t.deepEqual(await contents(files, to), ['two', 'one'])
  t.deepEqual((await files.versions.list(alice, to))[1], before)
  t.deepEqual(await shelves(volumes.shared), [])
  await files.remove(alice, to, { isForGood: true })
  await files.stop()
  t.false((await readdir(join(volumes.media.path, '.cairn/versions'))).includes(String(entry.id)))
})

test('who may only read looks at versions and changes nothing', async t => {
  const { files } = await start(t)
  const at = ['media', 'a.txt']
  await put(files, at, 'one')
  await put(files, at, 'two')
  const [, old] = await files.versions.list(bob, at)
  const id = old?.id ?? ''
  files.versions.open(bob, at, id).close()
  for (const work of [
    files.versions.restore(bob, at, id),
    files.versions.remove(bob, at, id),
    files.versions.label(bob, at, id, 'x'),
  ])
    await refused(t, work, 'files/read-only-grant')
})

test('the name is never empty and never torn while it is overwritten', async t => {
  const { files, volumes } = await start(t)
  const file = join(volumes.shared.path, 'a.txt')
  await put(files, path, 'x'.repeat(5000))
  let isDone = false
  const reading = (async () => {
    const seen = new Set<string>()
    while (!isDone) {
      const text = await readFile(file, 'utf8')
      seen.add(`${text.length} ${new Set(text).size}`)
    }
    return [...seen]
  })()
  for (let round = 0; round < 60; round += 1) await put(files, path, String(round % 10).repeat(5000))
  isDone = true
  t.deepEqual(await reading, ['5000 1'])
})

test('what a chunked upload replaces is a version too', async t => {
  const dav: Harness = await start(t)
  await put(dav.files, path, 'old')
  const uploads = '/dav/uploads/alice/transfer'
  await dav.fetch(uploads, { method: 'MKCOL' })
  await dav.fetch(`${uploads}/1`, { method: 'PUT', body: 'new ' })
  await dav.fetch(`${uploads}/2`, { method: 'PUT', body: 'content' })
  const destination = `${dav.origin}/dav/files/alice/shared/a.txt`
  t.is((await dav.fetch(`${uploads}/.file`, { method: 'MOVE', headers: { destination } })).status, 204)
  t.deepEqual(await contents(dav.files), ['new content', 'old'])
})

test('a time before 1970 or far away does no harm', async t => {
  const { files, volumes } = await start(t)
  for (const seconds of [-5, 0, 253_402_300_799]) {
    await put(files, path, `at ${seconds}`)
    await utimes(join(volumes.shared.path, 'a.txt'), seconds, seconds)
  }
  await put(files, path, 'last')
  t.deepEqual((await contents(files)).sort(), ['at -5', 'at 0', 'at 253402300799', 'last'])
})
