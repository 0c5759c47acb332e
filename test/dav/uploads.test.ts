import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { readdir, readFile, utimes } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { type Harness, password, startDav } from './harness.ts'

const files = '/remote.php/dav/files/alice'
const uploads = '/remote.php/dav/uploads/alice'
const start = async (t: ExecutionContext) => startDav(t, await tempFolder(t))
const sha1 = (...parts: Buffer[]) => createHash('sha1').update(Buffer.concat(parts)).digest('hex')
const chunksOf = (...sizes: number[]) => sizes.map(size => randomBytes(size))
const length = (parts: Buffer[]) => String(parts.reduce((sum, part) => sum + part.length, 0))

type Headers = Record<string, string>

function ask(
  dav: Pick<Harness, 'fetch'>,
  method: string,
  path: string,
  headers: Headers = {},
  body?: Buffer,
) {
  return dav.fetch(path, { method, headers, ...(body ? { body } : {}) })
}

async function statusOf(
  dav: Pick<Harness, 'fetch'>,
  method: string,
  path: string,
  headers?: Headers,
  body?: Buffer,
) {
  return (await ask(dav, method, path, headers, body)).status
}

async function content(dav: Pick<Harness, 'fetch'>, path: string) {
  return Buffer.from(await (await dav.fetch(path)).arrayBuffer())
}

/** The inode in which the parts of the only transfer grow. */
function inodeOfContent(folder: string) {
  const [transfer = ''] = readdirSync(join(folder, '.cairn/uploads'))
  return statSync(join(folder, '.cairn/uploads', transfer, 'content')).ino
}

async function requireTidy(t: ExecutionContext, dav: Harness) {
  for (const { path } of [dav.volumes.home, dav.volumes.shared]) {
    const left = await readdir(join(path, '.cairn/uploads')).catch(() => [])
    t.deepEqual(left, [])
  }
}

test('desktop 3.16: chunks go to their offsets, and the file is what they were written into', async t => {
  const dav = await start(t)
  const parts = chunksOf(100_000, 70_000, 12_345)
  const to = `${files}/shared/big.bin`
  const about = { destination: dav.origin + to, 'oc-total-length': length(parts) }
  t.is(await statusOf(dav, 'MKCOL', `${uploads}/2967425238`, about), 201)
  t.is(await statusOf(dav, 'MKCOL', `${uploads}/2967425238`, about), 405)
  let offset = 0
  for (const [index, part] of parts.entries()) {
    const path = `${uploads}/2967425238/${String(index + 1).padStart(5, '0')}`
    t.is(await statusOf(dav, 'PUT', path, { ...about, 'oc-chunk-offset': String(offset) }, part), 201)
    offset += part.length
  }
  const inode = inodeOfContent(dav.volumes.shared.path)
  const done = await ask(dav, 'MOVE', `${uploads}/2967425238/.file`, {
    destination: to,
    'oc-total-length': length(parts),
    'oc-checksum': `SHA1:${sha1(...parts)}`,
    'x-oc-mtime': '1700000000',
  })
  t.is(done.status, 201)
  t.is(done.headers.get('x-oc-mtime'), 'accepted')
  t.regex(done.headers.get('oc-fileid') ?? '', /^\d{8,}octesttest01$/)
  t.is(done.headers.get('etag'), done.headers.get('oc-etag'))
  t.is(statSync(join(dav.volumes.shared.path, 'big.bin')).ino, inode)
  const head = await ask(dav, 'HEAD', to)
  t.is(head.headers.get('etag'), done.headers.get('etag'))
  t.is(head.headers.get('last-modified'), new Date(1700000000_000).toUTCString())
  t.is(head.headers.get('oc-checksum'), `SHA1:${sha1(...parts)}`)
  t.true((await content(dav, to)).equals(Buffer.concat(parts)))
  t.is(await statusOf(dav, 'PROPFIND', `${uploads}/2967425238`), 404)
  await requireTidy(t, dav)
})

test('desktop 3.7, without a Destination before the end: into the home by a rename, into a share by a copy', async t => {
  for (const target of ['big.bin', 'shared/big.bin']) {
    const dav = await start(t)
    const parts = chunksOf(10_000, 21_457)
    t.is(await statusOf(dav, 'MKCOL', `${uploads}/77`, { 'oc-total-length': length(parts) }), 201)
    for (const [index, part] of parts.entries()) {
      const headers = { 'oc-chunk-offset': String(index * 10_000) }
      t.is(await statusOf(dav, 'PUT', `${uploads}/77/${String(index).padStart(16, '0')}`, headers, part), 201)
    }
    const destination = `${files}/${target}`
    const about = { destination, 'oc-total-length': length(parts), 'oc-checksum': `SHA1:${sha1(...parts)}` }
    const done = await ask(dav, 'MOVE', `${uploads}/77/.file`, about)
    t.is(done.status, 201)
    t.true((await content(dav, destination)).equals(Buffer.concat(parts)))
    await requireTidy(t, dav)
  }
})

test('Android: six digits and no offsets, still written in place; an upload that is gone on with', async t => {
  const dav = await start(t)
  const parts = chunksOf(40_960, 40_960, 999)
  const to = `${files}/photo.jpg`
  const about = { destination: dav.origin + to }
  t.is(await statusOf(dav, 'MKCOL', `${uploads}/d41d8cd98f00b204e9800998ecf8427e`, about), 201)
  const put = (index: number) =>
    statusOf(
      dav,
      'PUT',
      `${uploads}/d41d8cd98f00b204e9800998ecf8427e/${String(index + 1).padStart(6, '0')}`,
      about,
      parts[index],
    )
  t.is(await put(0), 201)
  t.is(await put(1), 201)
  t.is(await statusOf(dav, 'MKCOL', `${uploads}/d41d8cd98f00b204e9800998ecf8427e`, about), 405)
  const listed = await ask(dav, 'PROPFIND', `${uploads}/d41d8cd98f00b204e9800998ecf8427e/`, { depth: '1' })
  t.is(listed.status, 207)
  const body = await listed.text()
  const hrefs = [...body.matchAll(/<d:href>([^<]*)</g)].map(found => found[1]?.split('/').slice(4).join('/'))
  const folder = 'alice/d41d8cd98f00b204e9800998ecf8427e'
  t.deepEqual(hrefs, [`${folder}/`, `${folder}/000001`, `${folder}/000002`, `${folder}/.file`])
  t.deepEqual(
    [...body.matchAll(/<d:getcontentlength>(\d+)</g)].map(found => Number(found[1])),
    [40_960, 40_960, 81_920],
  )
  t.is(await put(2), 201)
  const inode = inodeOfContent(dav.volumes.home.path)
  const headers = { ...about, overwrite: 'T', 'x-oc-mtime': '1700000000', 'x-oc-ctime': '1700000000' }
  t.is(await statusOf(dav, 'MOVE', `${uploads}/d41d8cd98f00b204e9800998ecf8427e/.file`, headers), 201)
  t.is(statSync(join(dav.volumes.home.path, 'photo.jpg')).ino, inode)
  t.true((await content(dav, to)).equals(Buffer.concat(parts)))
  t.is((await ask(dav, 'HEAD', to)).headers.get('oc-checksum'), `SHA1:${sha1(...parts)}`)
})

test('iOS: numbers without zeros, out of order and at once, are joined by their value', async t => {
  const dav = await start(t)
  const parts = chunksOf(...Array.from({ length: 12 }, (_, index) => 4096 + index * 100))
  const to = `${files}/shared/movie.mov`
  const about = { destination: dav.origin + to, 'oc-total-length': length(parts) }
  t.is(await statusOf(dav, 'PROPFIND', `${uploads}/AB-CD`, { depth: '0' }), 404)
  t.is(await statusOf(dav, 'MKCOL', `${uploads}/AB-CD`, about), 201)
  t.is(await statusOf(dav, 'PROPFIND', `${uploads}/AB-CD`, { depth: '0' }), 207)
  const order = [11, 2, 12, 1, 10, 3, 9, 4, 8, 5, 7, 6]
  const put = (number: number) => statusOf(dav, 'PUT', `${uploads}/AB-CD/${number}`, about, parts[number - 1])
  t.deepEqual(new Set(await Promise.all(order.map(put))), new Set([201]))
  const headers = { ...about, 'x-oc-mtime': '1700000000.55', 'oc-checksum': `MD5:${md5(parts)}` }
  t.is(await statusOf(dav, 'MOVE', `${uploads}/AB-CD/.file`, headers), 201)
  t.true((await content(dav, to)).equals(Buffer.concat(parts)))
  await requireTidy(t, dav)
})

function md5(parts: Buffer[]) {
  return createHash('md5').update(Buffer.concat(parts)).digest('hex')
}

test('a chunk that is sent again replaces what was there, shorter or longer; one that is deleted is gone', async t => {
  const dav = await start(t)
  const [first = Buffer.of(), second = Buffer.of(), longer = Buffer.of(), shorter = Buffer.of()] = chunksOf(
    5000,
    5000,
    7000,
    300,
  )
  const to = `${files}/a.bin`
  await ask(dav, 'MKCOL', `${uploads}/x`, { destination: to })
  for (const [name, part] of [
    ['1', shorter],
    ['2', second],
    ['1', longer],
    ['2', shorter],
    ['2', second],
    ['3', first],
  ] as const)
    t.is(await statusOf(dav, 'PUT', `${uploads}/x/${name}`, {}, part), 201)
  t.is(await statusOf(dav, 'DELETE', `${uploads}/x/3`), 204)
  t.is(await statusOf(dav, 'DELETE', `${uploads}/x/3`), 404)
  const expected = [longer, second]
  const about = {
    destination: to,
    'oc-total-length': length(expected),
    'oc-checksum': `SHA1:${sha1(...expected)}`,
  }
  t.is(await statusOf(dav, 'MOVE', `${uploads}/x/.file`, about), 201)
  t.true((await content(dav, to)).equals(Buffer.concat(expected)))
})

test('offsets that lie, overlap or leave holes do no harm', async t => {
  const dav = await start(t)
  const parts = chunksOf(5000, 6000, 7000)
  await ask(dav, 'MKCOL', `${uploads}/x`, { destination: `${files}/a.bin` })
  for (const [index, part] of parts.entries()) {
    const headers = { 'oc-chunk-offset': ['100000', '102000', '0'][index] ?? '' }
    t.is(await statusOf(dav, 'PUT', `${uploads}/x/${index}`, headers, part), 201)
  }
  const headers = { destination: `${files}/a.bin`, 'oc-checksum': `SHA1:${sha1(...parts)}` }
  t.is(await statusOf(dav, 'MOVE', `${uploads}/x/.file`, headers), 201)
  t.true((await content(dav, `${files}/a.bin`)).equals(Buffer.concat(parts)))
})

test('what is refused at the end leaves the old file, and can be tried again', async t => {
  const dav = await start(t)
  const to = `${files}/shared/a.bin`
  const first = await ask(dav, 'PUT', to, {}, Buffer.from('old'))
  const etag = first.headers.get('etag') ?? ''
  const parts = chunksOf(3000, 2000)
  await ask(dav, 'MKCOL', `${uploads}/x`, { destination: to, 'oc-total-length': '5000' })
  for (const [index, part] of parts.entries()) await ask(dav, 'PUT', `${uploads}/x/${index + 1}`, {}, part)
  const finish = (headers: Headers) => ask(dav, 'MOVE', `${uploads}/x/.file`, { destination: to, ...headers })
  const wrongSum = await finish({ 'oc-total-length': '5001' })
  t.is(wrongSum.status, 400)
  t.regex(await wrongSum.text(), /Chunks on server do not sum up to 5001 but to 5000 bytes/)
  t.is((await finish({ 'oc-checksum': `SHA1:${sha1(Buffer.from('x'))}` })).status, 400)
  t.is((await finish({ 'oc-checksum': `MD5:${sha1(Buffer.from('x'))}` })).status, 400)
  t.is((await finish({ if: `<${to}> (["0123"])` })).status, 412)
  t.is((await finish({ 'if-match': '"0123"' })).status, 412)
  t.is((await finish({ overwrite: 'F' })).status, 412)
  t.is((await finish({ destination: `${files}/shared` })).status, 400)
  t.is((await finish({ destination: `${files}/none/a.bin` })).status, 409)
  t.is((await finish({ destination: '/remote.php/dav/files/bob/a.bin' })).status, 403)
  t.is((await content(dav, to)).toString(), 'old')
  t.is((await ask(dav, 'HEAD', to)).headers.get('etag'), etag)
  const done = await finish({ if: `<${to}> ([${etag}])`, 'oc-checksum': `SHA1:${sha1(...parts)}` })
  t.is(done.status, 204)
  t.is(done.headers.get('oc-fileid'), first.headers.get('oc-fileid'))
  t.not(done.headers.get('etag'), etag)
  t.true((await content(dav, to)).equals(Buffer.concat(parts)))
  await requireTidy(t, dav)
})

test('a lock on the destination holds, and its token opens it', async t => {
  const dav = await start(t)
  const to = `${files}/shared/a.bin`
  const body = Buffer.from(
    '<d:lockinfo xmlns:d="DAV:"><d:lockscope><d:exclusive/></d:lockscope><d:locktype><d:write/></d:locktype></d:lockinfo>',
  )
  const locked = await ask(dav, 'LOCK', to, {}, body)
  const token = locked.headers.get('lock-token') ?? ''
  await ask(dav, 'MKCOL', `${uploads}/x`, { destination: to })
  await ask(dav, 'PUT', `${uploads}/x/1`, {}, Buffer.from('new'))
  t.is(await statusOf(dav, 'MOVE', `${uploads}/x/.file`, { destination: to }), 423)
  t.is(await statusOf(dav, 'MOVE', `${uploads}/x/.file`, { destination: to, if: `<${to}> (${token})` }), 204)
  t.is((await content(dav, to)).toString(), 'new')
})

test('a transfer is its owner’s alone, and shows in no listing', async t => {
  const dav = await start(t)
  await ask(dav, 'MKCOL', `${uploads}/x`, { destination: `${files}/shared/a.bin` })
  await ask(dav, 'PUT', `${uploads}/x/1`, {}, Buffer.from('one'))
  const bob = (method: string, path: string) => dav.fetch(path, { method, user: 'bob' })
  t.is((await bob('PROPFIND', `${uploads}/x`)).status, 404)
  t.is((await bob('DELETE', `${uploads}/x`)).status, 404)
  t.is((await bob('PROPFIND', '/remote.php/dav/uploads/bob/x')).status, 404)
  t.is((await bob('PUT', '/remote.php/dav/uploads/bob/x/1')).status, 404)
  const to = { destination: `${dav.origin}/remote.php/dav/files/bob/media/a.bin` }
  const made = await dav.fetch('/remote.php/dav/uploads/bob/y', { method: 'MKCOL', user: 'bob', headers: to })
  t.is(made.status, 403)
  const listing = await (await ask(dav, 'PROPFIND', `${files}/shared/`, { depth: 'infinity' })).text()
  t.is(listing.match(/<d:response>/g)?.length, 1)
  t.is(await statusOf(dav, 'GET', `${uploads}/x/1`), 405)
  t.is(await statusOf(dav, 'PUT', `${uploads}/none/1`, {}, Buffer.from('one')), 404)
  t.is(await statusOf(dav, 'PUT', `${uploads}/x/a%2Fb`, {}, Buffer.from('one')), 400)
  t.is(await statusOf(dav, 'PUT', `${uploads}/x/content-x%20y`, {}, Buffer.from('one')), 400)
  t.is(await statusOf(dav, 'DELETE', `${uploads}/x`), 204)
  t.is(await statusOf(dav, 'DELETE', `${uploads}/x`), 404)
  t.is(await statusOf(dav, 'MOVE', `${uploads}/x/.file`, { destination: `${files}/a.bin` }), 404)
})

test('what does not fit is refused with its first chunk', async t => {
  const dav = await start(t)
  const about = { destination: `${files}/a.bin`, 'oc-total-length': String(2 ** 50) }
  t.is(await statusOf(dav, 'MKCOL', `${uploads}/x`, about), 201)
  const refused = await ask(dav, 'PUT', `${uploads}/x/1`, about, Buffer.from('one'))
  t.is(refused.status, 507)
  t.regex(await refused.text(), /InsufficientStorage/)
})

test('a chunk that breaks off is not there; sent again, it is', async t => {
  const dav = await start(t)
  await ask(dav, 'MKCOL', `${uploads}/x`, { destination: `${files}/a.bin` })
  const socket = connect(Number(new URL(dav.origin).port), '127.0.0.1')
  socket.write(
    `PUT ${uploads}/x/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa(`alice:${password}`)}\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n`,
  )
  await once(socket, 'data')
  socket.write('half')
  const folder = join(dav.volumes.home.path, '.cairn/uploads')
  const names = () => readdirSync(join(folder, readdirSync(folder)[0] ?? ''))
  t.true(names().some(name => name.startsWith('busy-0-1000-')))
  // While somebody may still write into its range, the same chunk goes elsewhere, and the file is joined apart.
  const again = randomBytes(1000)
  t.is(await statusOf(dav, 'PUT', `${uploads}/x/1`, {}, again), 201)
  t.true(names().includes('kept-1'))
  t.is(await statusOf(dav, 'MOVE', `${uploads}/x/.file`, { destination: `${files}/a.bin` }), 201)
  socket.write('Z'.repeat(996))
  await once(socket, 'data')
  socket.destroy()
  t.true((await content(dav, `${files}/a.bin`)).equals(again))
})

test('two servers and a kill in between: what was answered is there', async t => {
  const folder = await tempFolder(t)
  const parts = chunksOf(300_000, 200_000, 100_000)
  const to = `${files}/shared/a.bin`
  const about = { destination: to, 'oc-total-length': length(parts) }
  const one = await serve(t, folder)
  t.is(await statusOf(one, 'MKCOL', `${uploads}/x`, about), 201)
  t.is(await statusOf(one, 'PUT', `${uploads}/x/00001`, {}, parts[0]), 201)
  one.child.kill('SIGKILL')
  await once(one.child, 'exit')
  const two = await startDav(t, folder)
  const three = await two.second()
  t.is(await statusOf(two, 'PUT', `${uploads}/x/00002`, {}, parts[1]), 201)
  t.is(await statusOf(three, 'PUT', `${uploads}/x/00003`, {}, parts[2]), 201)
  const inode = inodeOfContent(two.volumes.shared.path)
  const headers = { ...about, 'oc-checksum': `SHA1:${sha1(...parts)}` }
  t.is(await statusOf(two, 'MOVE', `${uploads}/x/.file`, headers), 201)
  t.is(statSync(join(two.volumes.shared.path, 'a.bin')).ino, inode)
  t.true((await readFile(join(two.volumes.shared.path, 'a.bin'))).equals(Buffer.concat(parts)))
})

test('a checksum that was computed by one server is not believed after another one took a chunk', async t => {
  const dav = await start(t)
  const other = await dav.second()
  const [first = Buffer.of(), second = Buffer.of(), changed = Buffer.of()] = chunksOf(1000, 1000, 1000)
  await ask(dav, 'MKCOL', `${uploads}/x`, { destination: `${files}/a.bin` })
  await ask(dav, 'PUT', `${uploads}/x/1`, {}, first)
  await ask(dav, 'PUT', `${uploads}/x/2`, {}, second)
  await ask(other, 'PUT', `${uploads}/x/1`, {}, changed)
  const finish = (parts: Buffer[]) =>
    statusOf(dav, 'MOVE', `${uploads}/x/.file`, {
      destination: `${files}/a.bin`,
      'oc-checksum': `SHA1:${sha1(...parts)}`,
    })
  t.is(await finish([first, second]), 400)
  t.is(await finish([changed, second]), 201)
})

test('what nobody has gone on with for a day is swept, what is younger is not', async t => {
  const folder = await tempFolder(t)
  const dav = await startDav(t, folder)
  for (const name of ['old', 'young']) {
    await ask(dav, 'MKCOL', `${uploads}/${name}`, { destination: `${files}/a.bin` })
    await ask(dav, 'PUT', `${uploads}/${name}/1`, {}, Buffer.from(name))
  }
  const all = join(dav.volumes.home.path, '.cairn/uploads')
  const old = createHash('sha256').update('old').digest('hex').slice(0, 32)
  const aDayAgo = Date.now() / 1000 - 24 * 3600 - 60
  await utimes(join(all, `alice~${old}`), aDayAgo, aDayAgo)
  const next = await dav.second()
  t.is(await statusOf(next, 'PROPFIND', `${uploads}/old`), 404)
  t.is(await statusOf(next, 'PROPFIND', `${uploads}/young`), 207)
  t.is((await readdir(all)).length, 1)
})

testIf('root', 'btrfs')(
  'on Btrfs a file is joined in another share without room for a copy; a full disk says so and does no harm',
  async t => {
    const folder = mountBtrfs(t, await tempFolder(t), 400)
    const dav = await startDav(t, folder)
    const part = randomBytes(64 * 1024 ** 2)
    const parts = [part, part, part]
    t.is(await statusOf(dav, 'MKCOL', `${uploads}/x`), 201)
    // The third one comes first, so it is kept in a file of its own.
    for (const number of [3, 1, 2]) t.is(await statusOf(dav, 'PUT', `${uploads}/x/${number}`, {}, part), 201)
    const free = statfsSync(folder)
    t.true(free.bavail * free.bsize < 3 * part.length, 'no room for a copy')
    const to = `${files}/shared/a.bin`
    const headers = { destination: to, 'oc-checksum': `SHA1:${sha1(...parts)}` }
    t.is(await statusOf(dav, 'MOVE', `${uploads}/x/.file`, headers), 201)
    t.true((await readFile(join(dav.volumes.shared.path, 'a.bin'))).equals(Buffer.concat(parts)))

    t.is(await statusOf(dav, 'MKCOL', `${uploads}/y`, { destination: to }), 201)
    t.is(await statusOf(dav, 'PUT', `${uploads}/y/1`, {}, Buffer.from('small')), 201)
    const tooMuch = Readable.toWeb(Readable.from(Array(8).fill(part))) as ReadableStream
    const refused = await dav.fetch(`${uploads}/y/2`, {
      method: 'PUT',
      body: tooMuch,
      duplex: 'half',
    } as RequestInit)
    t.is(refused.status, 507)
    t.is(await statusOf(dav, 'PUT', `${uploads}/y/2`, {}, Buffer.from(' after all')), 201)
    t.is(await statusOf(dav, 'MOVE', `${uploads}/y/.file`, { destination: to }), 204)
    t.is((await content(dav, to)).toString(), 'small after all')
  },
)

/** With a subvolume for the home and one for the share, as pools have. */
function mountBtrfs(t: ExecutionContext, folder: string, sizeMiB: number): string {
  const [image, mount] = [join(folder, 'disk.img'), join(folder, 'mount')]
  mkdirSync(mount)
  writeFileSync(image, '')
  truncateSync(image, sizeMiB * 1024 ** 2)
  execFileSync('mkfs.btrfs', ['-q', image])
  execFileSync('mount', ['-o', 'loop,ssd', image, mount])
  t.teardown(() => void execFileSync('umount', [mount]))
  for (const name of ['home/alice', 'share/shared']) {
    mkdirSync(join(mount, dirname(name)))
    execFileSync('btrfs', ['-q', 'subvolume', 'create', join(mount, name)])
  }
  return mount
}

interface Served extends Pick<Harness, 'fetch'> {
  child: ChildProcess
}

/** A server in a process of its own, which can be killed. */
async function serve(t: ExecutionContext, folder: string): Promise<Served> {
  const script = new URL('serve.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface(child.stdout), 'line')
  const origin = String(line).replace('ready ', '')
  const authorization = `Basic ${btoa(`alice:${password}`)}`
  return {
    child,
    fetch: (path, init) =>
      fetch(origin + path, { ...init, headers: { ...(init?.headers as Headers), authorization } }),
  }
}
