import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { tempFolder } from '../helpers/temp.ts'
import { type Harness, password, startDav } from './harness.ts'

const at = '/remote.php/dav/files/alice/shared'
const start = async (t: Parameters<typeof tempFolder>[0]) => startDav(t, await tempFolder(t))
const lockBody = (scope = 'exclusive') =>
  `<d:lockinfo xmlns:d="DAV:"><d:lockscope><d:${scope}/></d:lockscope><d:locktype><d:write/></d:locktype><d:owner>me</d:owner></d:lockinfo>`
const asking = (names: string) =>
  `<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns" xmlns:x="urn:x"><d:prop>${names}</d:prop></d:propfind>`

async function put(
  dav: Harness,
  path: string,
  body: string,
  headers: Record<string, string> = {},
  user = 'alice',
) {
  return dav.fetch(path, { method: 'PUT', body, headers, user })
}

async function propfind(dav: Harness, path: string, names: string, depth = '0', user = 'alice') {
  const answer = await dav.fetch(path, { method: 'PROPFIND', body: asking(names), headers: { depth }, user })
  return { status: answer.status, headers: answer.headers, body: await answer.text() }
}

async function lock(
  dav: Harness,
  path: string,
  headers: Record<string, string> = {},
  scope?: string,
  user = 'alice',
) {
  const answer = await dav.fetch(path, { method: 'LOCK', body: lockBody(scope), headers, user })
  const token = answer.headers.get('lock-token')?.slice(1, -1) ?? ''
  return { status: answer.status, token, body: await answer.text() }
}

test('nothing is answered without a name, and only OPTIONS is', async t => {
  const dav = await start(t)
  const unsigned = await fetch(`${dav.origin}${at}/`, { method: 'PROPFIND' })
  t.is(unsigned.status, 401)
  t.regex(unsigned.headers.get('www-authenticate') ?? '', /Basic realm="Cairn", charset="UTF-8"$/)
  for (const path of ['/', '/remote.php', '/webdav/', '/dav/files/alice/x']) {
    const options = await fetch(dav.origin + path, { method: 'OPTIONS' })
    t.is(options.status, 200, path)
    t.is(options.headers.get('dav'), '1, 2, 3')
    t.is(options.headers.get('ms-author-via'), 'DAV')
  }
  t.is((await dav.fetch('/dav/files/bob/')).status, 404)
  t.is((await dav.fetch(`${at}/`, { method: 'REPORT' })).status, 405)
})

test('a PUT answers with ids, etags and the accepted time, and the same in every face', async t => {
  const dav = await start(t)
  const made = await put(dav, `${at}/a.txt`, 'hello', { 'x-oc-mtime': '1700000100.55' })
  t.is(made.status, 201)
  t.is(made.headers.get('x-oc-mtime'), 'accepted')
  const etag = made.headers.get('etag') ?? ''
  t.regex(etag, /^"[0-9a-f]{32}"$/)
  t.is(made.headers.get('oc-etag'), etag)
  t.regex(made.headers.get('oc-fileid') ?? '', /^\d{8,}octesttest01$/)
  t.is(Math.floor((await stat(join(dav.volumes.shared.path, 'a.txt'))).mtimeMs), 1_700_000_100_000)

  const again = await put(dav, '/webdav/shared/a.txt', 'hello')
  t.is(again.status, 204)
  t.is(again.headers.get('oc-fileid'), made.headers.get('oc-fileid'))
  t.not(again.headers.get('etag'), etag)

  const got = await dav.fetch('/dav/files/alice/shared/a.txt')
  t.is(await got.text(), 'hello')
  t.is(got.headers.get('etag'), again.headers.get('etag'))
  t.is(got.headers.get('x-content-type-options'), 'nosniff')
  t.regex(got.headers.get('content-security-policy') ?? '', /^sandbox; default-src 'none'/)
  t.regex(got.headers.get('content-disposition') ?? '', /^attachment/)
  const found = await propfind(dav, `${at}/a.txt`, '<d:getetag/><oc:id/>')
  t.true(
    found.body.includes(`<d:getetag>${again.headers.get('etag')?.replaceAll('"', '&quot;')}</d:getetag>`),
  )
  t.true(found.body.includes(`<oc:id>${made.headers.get('oc-fileid')}</oc:id>`))
})

test('what is wrong with a PUT is told in the way of its client', async t => {
  const dav = await start(t)
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await put(dav, path, 'x', headers)).status
  t.is(await status(`${at}/no/a.txt`), 409)
  t.is(await status(`${at}/no/a.txt`, { 'user-agent': 'Mozilla/5.0 (Linux) mirall/3.16.0 (Nextcloud)' }), 404)
  t.is(await status(`${at}/yes/a.txt`, { 'x-nc-webdav-auto-mkcol': '1' }), 201)
  t.is(await status(`${at}/yes`), 409)
  t.is(await status(`${at}/a.txt`, { 'x-oc-mtime': '12' }), 400)
  t.is(await status(`${at}/a.txt`, { 'content-range': 'bytes 0-1/2' }), 400)
  t.is(await status(`${at}/a.txt`, { 'oc-checksum': `SHA1:${'0'.repeat(40)}` }), 400)
  t.is(await status(`${at}/a.txt`, { 'oc-checksum': 'SHA1:11f6ad8ec52a2984abaafd7c3b516503785c2072' }), 201)
  t.is(await status(`${at}/a.txt`, { 'if-none-match': '*' }), 412)
  t.is(await status(`${at}/b.txt`, { 'if-match': '"x"' }), 412)
  t.is(await status(`${at}/${'ä'.repeat(128)}`), 400)
  t.is((await put(dav, '/dav/files/bob/media/a.txt', 'x', {}, 'bob')).status, 403)
  const body = await (await put(dav, `${at}/.cairn/x`, 'x')).text()
  t.regex(
    body,
    /<d:error xmlns:d="DAV:" xmlns:s="http:\/\/sabredav.org\/ns"><s:exception>Sabre\\DAV\\Exception\\Forbidden<\/s:exception><s:message>/,
  )
  t.deepEqual((await readdir(dav.volumes.shared.path)).sort(), ['.cairn', 'a.txt', 'yes'])
})

test('ranges: one, several, from the end, none that can be', async t => {
  const dav = await start(t)
  const content = 'abcdefghijklmnopqrstuvwxyz'.repeat(10_000)
  const etag = (await put(dav, `${at}/a.txt`, content)).headers.get('etag') ?? ''
  const get = (range: string, headers = {}) => dav.fetch(`${at}/a.txt`, { headers: { range, ...headers } })
  const one = await get('bytes=26-30')
  t.is(one.status, 206)
  t.is(one.headers.get('content-range'), 'bytes 26-30/260000')
  t.is(await one.text(), 'abcde')
  t.is(await (await get('bytes=-2')).text(), 'yz')
  t.is((await (await get('bytes=100-')).text()).length, 259_900)
  const several = await get('bytes=0-1, 100000-100003')
  t.regex(several.headers.get('content-type') ?? '', /^multipart\/byteranges; boundary=/)
  const parts = await several.text()
  t.is(Number(several.headers.get('content-length')), parts.length)
  t.regex(
    parts,
    /Content-Range: bytes 0-1\/260000\r\n\r\nab\r\n--[\s\S]*100000-100003\/260000\r\n\r\nefgh\r\n--[-\w]+--\r\n$/,
  )
  const beyond = await get('bytes=260000-')
  t.is(beyond.status, 416)
  t.is(beyond.headers.get('content-range'), 'bytes */260000')
  t.is((await get('bytes=0-1', { 'if-range': etag })).status, 206)
  t.is((await get('bytes=0-1', { 'if-range': '"other"' })).status, 200)
  t.is((await dav.fetch(`${at}/a.txt`, { headers: { 'if-none-match': etag } })).status, 304)
  const head = await dav.fetch(`${at}/a.txt`, { method: 'HEAD' })
  t.is(head.headers.get('content-length'), '260000')
})

test('a PROPFIND keeps the rules that clients of Nextcloud are built on', async t => {
  const dav = await start(t)
  await put(dav, `${at}/${encodeURIComponent('a&b #1.txt')}`, 'x')
  await dav.fetch(`${at}/folder`, { method: 'MKCOL' })
  const { status, headers, body } = await propfind(
    dav,
    at,
    '<d:resourcetype/><d:getcontentlength/><oc:permissions/><oc:checksums/><nc:is-mount-root/><d:quota-available-bytes/><x:dead/>',
    '1',
  )
  t.is(status, 207)
  t.is(headers.get('content-type'), 'application/xml; charset=utf-8')
  const responses = body.split('<d:response>').slice(1)
  t.true(responses[0]?.startsWith(`<d:href>${at}/</d:href>`))
  t.regex(responses[0] ?? '', /<oc:permissions>MGCK<\/oc:permissions>.*<nc:is-mount-root>true/)
  const file = responses.find(one => one.includes('a%26b%20%231.txt')) ?? ''
  t.true(
    file.startsWith(
      `<d:href>${at}/a%26b%20%231.txt</d:href><d:propstat><d:prop><d:resourcetype/><d:getcontentlength>1</d:getcontentlength><oc:permissions>MGDNVW</oc:permissions>`,
    ),
  )
  t.regex(
    file,
    /200 OK<\/d:status><\/d:propstat><d:propstat><d:prop><d:quota-available-bytes\/><dead xmlns="urn:x"\/><\/d:prop><d:status>HTTP\/1.1 404/,
  )
  const folder = responses.find(one => one.includes('/folder/')) ?? ''
  t.regex(
    folder,
    /<d:resourcetype><d:collection\/><\/d:resourcetype>.*<d:quota-available-bytes>\d+<.*<d:getcontentlength\/>.*404/,
  )
})

test('a deep PROPFIND lists everything once, and a share that is away as away', async t => {
  const dav = await start(t)
  for (const path of ['a', 'a/b', 'a/b/c']) await dav.fetch(`${at}/${path}`, { method: 'MKCOL' })
  for (let index = 0; index < 30; index += 1) await put(dav, `${at}/a/b/${index}.txt`, 'x')
  const all = await propfind(dav, '/webdav/', '<d:getetag/>', 'infinity')
  const hrefs = [...all.body.matchAll(/<d:href>([^<]*)/g)].map(([, href]) => href)
  t.is(new Set(hrefs).size, hrefs.length)
  t.is(hrefs.filter(href => href?.startsWith('/webdav/shared/a/b/')).length, 32)
  dav.volumes.shared.isAvailable = false
  const root = await propfind(dav, '/webdav/', '<d:resourcetype/>', '1')
  t.true(root.body.includes('<d:href>/webdav/shared/</d:href>'))
  for (const path of ['/webdav/shared/a', '/webdav/shared/never']) t.is((await dav.fetch(path)).status, 503)
  const listing = await propfind(dav, '/webdav/shared/', '<d:resourcetype/>', '1')
  t.is(listing.status, 503)
  t.regex(listing.body, /Storage is temporarily not available/)
  const deep = await propfind(dav, '/webdav/', '<d:getetag/>', 'infinity')
  t.regex(deep.body, /<d:href>\/webdav\/shared\/<\/d:href><d:status>HTTP\/1.1 503/)
})

test('properties survive a second server, follow MOVE, are copied by COPY and go with a DELETE for good', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'x')
  const set = `<d:propertyupdate xmlns:d="DAV:" xmlns:x="urn:x"><d:set><d:prop><x:note xml:lang="de">grün <x:b/></x:note></d:prop></d:set></d:propertyupdate>`
  t.is((await dav.fetch(`${at}/a.txt`, { method: 'PROPPATCH', body: set })).status, 207)
  await dav.fetch(`${at}/a.txt`, { method: 'MOVE', headers: { destination: `${at}/b.txt` } })
  await dav.fetch(`${at}/b.txt`, { method: 'COPY', headers: { destination: `${dav.origin}/webdav/c.txt` } })
  const second = await dav.second()
  for (const path of [`${at}/b.txt`, '/webdav/c.txt']) {
    t.regex(
      (await propfind(second, path, '<x:note/>')).body,
      /<note xmlns="urn:x" xml:lang="de">grün <b\/><\/note>/,
      path,
    )
  }
  await dav.fetch(`${at}/b.txt`, { method: 'DELETE', headers: { 'x-nc-skip-trashbin': 'true' } })
  await dav.files.stop()
  t.is((await dav.database.selectFrom('davProperty').selectAll().execute()).length, 1)
})

test('a PROPPATCH is all or nothing; times can be set, what is computed cannot', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'x')
  const patch = async (inner: string) => {
    const body = `<d:propertyupdate xmlns:d="DAV:" xmlns:x="urn:x" xmlns:z="urn:schemas-microsoft-com:"><d:set><d:prop>${inner}</d:prop></d:set></d:propertyupdate>`
    return (await dav.fetch(`${at}/a.txt`, { method: 'PROPPATCH', body })).text()
  }
  t.regex(
    await patch('<x:a>1</x:a><d:getetag>no</d:getetag>'),
    /<d:getetag\/><\/d:prop><d:status>HTTP\/1.1 403.*424 Failed Dependency/,
  )
  t.regex((await propfind(dav, `${at}/a.txt`, '<x:a/>')).body, /404 Not Found/)
  t.regex(
    await patch(
      '<z:Win32LastModifiedTime>Tue, 14 Nov 2023 22:13:20 GMT</z:Win32LastModifiedTime><z:Win32FileAttributes>00000020</z:Win32FileAttributes>',
    ),
    /200 OK/,
  )
  t.is((await stat(join(dav.volumes.shared.path, 'a.txt'))).mtimeMs, 1_700_000_000_000)
})

test('a lock holds against others in every server, ends by its timeout and follows the file', async t => {
  const dav = await start(t)
  const second = await dav.second()
  await put(dav, `${at}/a.txt`, 'x')
  const { status, token, body } = await lock(dav, `${at}/a.txt`, { timeout: 'Second-60' })
  t.is(status, 200)
  t.regex(
    body,
    /<d:timeout>Second-60<\/d:timeout>.*<d:lockroot><d:href>\/remote.php\/dav\/files\/alice\/shared\/a.txt</,
  )
  const bobs = '/dav/files/bob/shared'
  const refused = await put(second, `${bobs}/a.txt`, 'y', {}, 'bob')
  t.is(refused.status, 423)
  t.regex(await refused.text(), /<d:lock-token-submitted><d:href>\/dav\/files\/bob\/shared\/a.txt<\/d:href>/)
  t.is(
    (await put(second, `${bobs}/a.txt`, 'y', { if: `(<${token}>)` }, 'bob')).status,
    423,
    'a token is its owner’s',
  )
  t.is((await put(second, `${at}/a.txt`, 'y', { if: `(<${token}>)` })).status, 204)
  t.is((await put(second, `${at}/a.txt`, 'y', { if: '(<urn:other>)' })).status, 412)
  const moved = await dav.fetch(`${at}/a.txt`, {
    method: 'MOVE',
    headers: { destination: `${at}/b.txt`, if: `(<${token}>)` },
  })
  t.is(moved.status, 201)
  t.is((await put(second, `${bobs}/b.txt`, 'z', {}, 'bob')).status, 423)
  t.regex((await propfind(dav, `${at}/b.txt`, '<d:lockdiscovery/>')).body, new RegExp(token))
  t.is(
    (await dav.fetch(`${at}/b.txt`, { method: 'UNLOCK', headers: { 'lock-token': `<${token}x>` } })).status,
    409,
  )
  const refreshed = await dav.fetch(`${at}/b.txt`, {
    method: 'LOCK',
    headers: { if: `(<${token}>)`, timeout: 'Second-100' },
  })
  t.regex(await refreshed.text(), /Second-100/)
  second.clock.skip(101_000)
  t.is((await put(second, `${bobs}/b.txt`, 'z', {}, 'bob')).status, 204)
})

test('a deep lock covers what is below and what comes; a lock on a free name makes an empty file', async t => {
  const dav = await start(t)
  await dav.fetch(`${at}/f`, { method: 'MKCOL' })
  await put(dav, `${at}/f/in.txt`, 'x')
  const inner = await lock(dav, `${at}/f/in.txt`)
  t.is((await lock(dav, `${at}/f`)).status, 423)
  await dav.fetch(`${at}/f/in.txt`, { method: 'UNLOCK', headers: { 'lock-token': `<${inner.token}>` } })
  const deep = await lock(dav, `${at}/f`)
  const bobs = '/webdav/shared/f'
  t.is((await put(dav, `${bobs}/new.txt`, 'x', {}, 'bob')).status, 423)
  t.is((await dav.fetch('/webdav/shared/f', { method: 'DELETE', user: 'bob' })).status, 423)
  t.is(
    (
      await dav.fetch('/webdav/shared/f', {
        method: 'MOVE',
        headers: { destination: '/webdav/x' },
        user: 'bob',
      })
    ).status,
    423,
  )
  t.is((await dav.fetch(`${at}/f`, { method: 'DELETE', headers: { if: `(<${deep.token}>)` } })).status, 204)
  t.is((await put(dav, '/webdav/shared/f', 'a file now', {}, 'bob')).status, 201)
  t.is((await lock(dav, `${at}/null.txt`, {}, 'shared')).status, 201)
  t.is((await lock(dav, '/webdav/shared/null.txt', {}, 'shared', 'bob')).status, 200)
  t.is(await readFile(join(dav.volumes.shared.path, 'null.txt'), 'utf8'), '')
})

test('a lock that is taken while a body comes in counts', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'old')
  const { port } = new URL(dav.origin)
  const socket = connect(Number(port), '127.0.0.1')
  const head = `PUT /webdav/shared/a.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa(`bob:${password}`)}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`
  socket.write(head)
  const answer = text(socket)
  await new Promise(resolve => socket.once('data', resolve))
  t.is((await lock(dav, `${at}/a.txt`)).status, 200)
  socket.write('3\r\nnew\r\n0\r\n\r\n')
  t.regex(await answer, /HTTP\/1.1 423/)
  t.is(await readFile(join(dav.volumes.shared.path, 'a.txt'), 'utf8'), 'old')
})

test('with Expect nothing is invited that will be refused', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'old')
  const { port } = new URL(dav.origin)
  const ask = async (user: string, headers: string) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      `PUT ${at}/a.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa(user)}\r\nConnection: close\r\nContent-Length: 10\r\nExpect: 100-continue\r\n${headers}\r\n`,
    )
    return text(socket)
  }
  t.regex(await ask('alice:wrong', ''), /^HTTP\/1.1 401/)
  t.regex(await ask(`alice:${password}`, 'If-None-Match: *\r\n'), /^HTTP\/1.1 412/)
})

test('a connection that breaks in the middle of a PUT leaves the old file and nothing else', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'old')
  const { port } = new URL(dav.origin)
  const tmp = join(dav.volumes.shared.path, '.cairn/tmp')
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    `PUT ${at}/a.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${btoa(`alice:${password}`)}\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`,
  )
  await until(async () => (await readdir(tmp)).length === 1)
  socket.destroy()
  await until(async () => (await readdir(tmp)).length === 0)
  t.is(await readFile(join(dav.volumes.shared.path, 'a.txt'), 'utf8'), 'old')
})

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise(resolve => setImmediate(resolve))
}

test('COPY and MOVE: Overwrite, Depth, other servers, missing parents, onto itself', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'a')
  await put(dav, `${at}/b.txt`, 'b')
  const send = async (method: string, path: string, headers: Record<string, string>) =>
    (await dav.fetch(`${at}/${path}`, { method, headers })).status
  t.is(await send('COPY', 'a.txt', { destination: `${at}/b.txt`, overwrite: 'F' }), 412)
  t.is(await send('COPY', 'a.txt', { destination: `${at}/b.txt` }), 204)
  t.is(await send('MOVE', 'a.txt', { destination: `${at}/no/b.txt` }), 409)
  t.is(await send('MOVE', 'a.txt', { destination: `${at}/a.txt` }), 403)
  t.is(await send('MOVE', 'a.txt', { destination: 'http://elsewhere.example/webdav/x' }), 502)
  t.is(await send('MOVE', 'a.txt', { destination: '/dav/files/bob/x' }), 403)
  t.is(await send('MOVE', 'a.txt', {}), 400)
  t.is(await send('MOVE', 'nothing', { destination: `${at}/x` }), 404)
  t.is(await send('MOVE', '', { destination: '/webdav/x' }), 403)
  await dav.fetch(`${at}/f`, { method: 'MKCOL' })
  await put(dav, `${at}/f/x.txt`, 'x')
  t.is(await send('COPY', 'f', { destination: `${at}/g`, depth: '0' }), 201)
  t.deepEqual(await readdir(join(dav.volumes.shared.path, 'g')), [])
  t.is(await send('MOVE', 'f', { destination: '/webdav/f', 'x-oc-mtime': '1600000000' }), 201)
  t.is(await readFile(join(dav.volumes.home.path, 'f/x.txt'), 'utf8'), 'x')
})

test('a folder can be had as a zip', async t => {
  const dav = await start(t)
  await put(dav, `${at}/a.txt`, 'a')
  const zip = await dav.fetch(`${at}/`, { headers: { accept: 'application/zip' } })
  t.is(zip.headers.get('content-type'), 'application/zip')
  t.is(Buffer.from(await zip.arrayBuffer()).toString('latin1', 0, 2), 'PK')
  await writeFile(join(dav.volumes.shared.path, 'b.txt'), '')
  t.is(await (await dav.fetch(`${at}/`)).text(), '')
})
