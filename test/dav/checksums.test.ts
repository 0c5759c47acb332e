import { createHash } from 'node:crypto'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { tempFolder } from '../helpers/temp.ts'
import { type Harness, startDav } from './harness.ts'

const at = '/remote.php/dav/files/alice/shared'
const start = async (t: Parameters<typeof tempFolder>[0]) => startDav(t, await tempFolder(t))
const sum = (name: string, body: string) => createHash(name).update(body).digest('hex')
const asking = (names: string) =>
  `<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>${names}</d:prop></d:propfind>`

async function put(dav: Harness, path: string, body: string, headers: Record<string, string> = {}) {
  return dav.fetch(path, { method: 'PUT', body, headers })
}

async function propfind(dav: Harness, path: string, depth = '0', names = '<oc:checksums/>') {
  const answer = await dav.fetch(path, { method: 'PROPFIND', body: asking(names), headers: { depth } })
  return answer.text()
}

async function headerOf(dav: Harness, path: string) {
  return (await dav.fetch(path, { method: 'HEAD' })).headers.get('oc-checksum')
}

test('what a client announces is verified, kept, and told by every way of asking', async t => {
  const dav = await start(t)
  const announced = `sha1:${sum('sha1', 'hello').toUpperCase()} MD5:${sum('md5', 'hello')} Adler32:62c0215 CRC32:1`
  const made = await put(dav, `${at}/a.txt`, 'hello', { 'oc-checksum': announced })
  t.is(made.status, 201)
  t.is(made.headers.get('oc-checksum'), `SHA1:${sum('sha1', 'hello')}`)
  t.is(await headerOf(dav, `${at}/a.txt`), `SHA1:${sum('sha1', 'hello')}`)
  const got = await dav.fetch(`${at}/a.txt`)
  t.is(got.headers.get('oc-checksum'), `SHA1:${sum('sha1', 'hello')}`)
  t.is(await got.text(), 'hello')
  const expected = `<oc:checksums><oc:checksum>SHA1:${sum('sha1', 'hello')} MD5:${sum('md5', 'hello')} ADLER32:062c0215</oc:checksum></oc:checksums>`
  t.true((await propfind(dav, `${at}/a.txt`)).includes(expected))
  t.true((await propfind(dav, `${at}/`, '1')).includes(expected))
})

for (const wrong of [
  `SHA1:${'0'.repeat(40)}`,
  'MD5:1234',
  'ADLER32:1',
  `SHA256:${sum('sha256', 'other')}`,
  'sha1:',
]) {
  test(`a wrong ${wrong.slice(0, 12)} is refused: the old file stays, and nothing else`, async t => {
    const dav = await start(t)
    await put(dav, `${at}/a.txt`, 'old')
    const refused = await put(dav, `${at}/a.txt`, 'new content', { 'oc-checksum': wrong })
    t.is(refused.status, 400)
    t.regex(await refused.text(), /<s:exception>Sabre\\DAV\\Exception\\BadRequest</)
    t.is(await (await dav.fetch(`${at}/a.txt`)).text(), 'old')
    t.is(await headerOf(dav, `${at}/a.txt`), `SHA1:${sum('sha1', 'old')}`)
    t.deepEqual(await readdir(join(dav.volumes.shared.path, '.cairn/tmp')), [])
  })
}

test('a change from outside makes it void, also one that keeps the size', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'hello')
  await writeFile(join(dav.volumes.shared.path, 'a.txt'), 'jello')
  t.is(await headerOf(dav, `${at}/a.txt`), null)
  t.regex(await propfind(dav, `${at}/a.txt`), /<oc:checksums\/><\/d:prop><d:status>HTTP\/1.1 404/)
})

test('a replaced file has its own, and not the one of what was there', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'one', { 'oc-checksum': `MD5:${sum('md5', 'one')}` })
  await put(dav, `${at}/a.txt`, 'two')
  const body = await propfind(dav, `${at}/a.txt`)
  t.true(body.includes(`>SHA1:${sum('sha1', 'two')}<`))
  t.false(body.includes('MD5'))
})

test('it stays through a move, within a share and to another, and through a new modification time', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'hello')
  const move = (from: string, Destination: string, more = {}) =>
    dav.fetch(from, { method: 'MOVE', headers: { Destination, ...more } })
  t.is((await move(`${at}/a.txt`, `${at}/b.txt`)).status, 201)
  t.is(await headerOf(dav, `${at}/b.txt`), `SHA1:${sum('sha1', 'hello')}`)
  const other = '/remote.php/dav/files/alice/media/c.txt'
  t.is((await move(`${at}/b.txt`, other, { 'x-oc-mtime': '1700000000' })).status, 201)
  t.is(await headerOf(dav, other), `SHA1:${sum('sha1', 'hello')}`)
})

test('a copy carries it, but not one that was void', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'hello', { 'x-oc-mtime': '1700000000' })
  const copy = (from: string, Destination: string) =>
    dav.fetch(from, { method: 'COPY', headers: { Destination } })
  await copy(`${at}/a.txt`, `${at}/b.txt`)
  t.is(await headerOf(dav, `${at}/b.txt`), `SHA1:${sum('sha1', 'hello')}`)
  await writeFile(join(dav.volumes.shared.path, 'a.txt'), 'jello')
  await copy(`${at}/a.txt`, `${at}/c.txt`)
  t.is(await headerOf(dav, `${at}/c.txt`), null)
})

test('X-Hash is answered with what was asked for', async t => {
  const dav = await start(t)
  const all = await put(dav, `${at}/a.txt`, 'hello', { 'x-hash': 'all' })
  for (const name of ['md5', 'sha1', 'sha256']) t.is(all.headers.get(`x-hash-${name}`), sum(name, 'hello'))
  const one = await put(dav, `${at}/a.txt`, 'hello', { 'x-hash': 'md5' })
  t.is(one.headers.get('x-hash-md5'), sum('md5', 'hello'))
  t.is(one.headers.get('x-hash-sha1'), null)
})

test('PATCH computes it again, and what was known of other algorithms stays', async t => {
  const dav = await start(t)
  const file = join(dav.volumes.shared.path, 'a.txt')
  await writeFile(file, 'from outside')
  const patch = (algorithm: string) =>
    dav.fetch(`${at}/a.txt`, { method: 'PATCH', headers: { 'x-recalculate-hash': algorithm } })
  const { mtimeMs } = await stat(file)
  const answer = await patch('sha1')
  t.is(answer.status, 204)
  t.is(answer.headers.get('oc-checksum'), `SHA1:${sum('sha1', 'from outside')}`)
  t.is((await patch('md5')).headers.get('oc-checksum'), `MD5:${sum('md5', 'from outside')}`)
  t.regex(await propfind(dav, `${at}/a.txt`), /SHA1:\w+ MD5:\w+</)
  t.is((await stat(file)).mtimeMs, mtimeMs)
  t.is((await patch('crc')).status, 400)
  t.is(
    (await dav.fetch(`${at}/none`, { method: 'PATCH', headers: { 'x-recalculate-hash': 'sha1' } })).status,
    404,
  )
})

test('entries of the home that are shown under another name are looked up under their own', async t => {
  const dav = await start(t)
  await writeFile(join(dav.volumes.home.path, 'shared'), 'mine')
  const shown = '/remote.php/dav/files/alice/shared%20(home)'
  await dav.fetch(shown, { method: 'PATCH', headers: { 'x-recalculate-hash': 'sha1' } })
  t.true((await propfind(dav, '/remote.php/dav/files/alice/', '1')).includes(sum('sha1', 'mine')))
  t.is(await readFile(join(dav.volumes.home.path, 'shared'), 'utf8'), 'mine')
  await utimes(join(dav.volumes.home.path, 'shared'), 1, 1)
  t.is(await headerOf(dav, shown), null)
})
