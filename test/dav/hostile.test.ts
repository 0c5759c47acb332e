import { randomInt } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import test from 'ava'
import { createRandom, type Random } from '../helpers/random.ts'
import { tempFolder } from '../helpers/temp.ts'
import { type Harness, password, startDav } from './harness.ts'

const authorization = `Authorization: Basic ${btoa(`alice:${password}`)}`
const requests = 10_000

const methods = [
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'OPTIONS',
  'REPORT',
  'TRACE',
  'PATCH',
  'POST',
  'SEARCH',
] as const
const names = [
  'a.txt',
  'b',
  'f',
  'f/g',
  '..',
  '../../etc/passwd',
  '%2e%2e',
  '%2e%2e%2f%2e%2e',
  '%00',
  'a%00b',
  '%zz',
  '%',
  '%ff%fe',
  '%ed%a0%80',
  '%F0%9F%A6%80',
  '%3F%23%5C',
  '?x#y',
  '//',
  '.cairn/tmp',
  '.CAIRN',
  '._a.txt',
  '.DS_Store',
  'x'.repeat(300),
  '%c3%a4'.repeat(128),
  'con',
  ' ',
  '%0d%0aSet-Cookie:x',
  '*',
  '<script>',
  'shared',
  'shared%20(home)',
  '~',
  'f/'.repeat(500),
] as const
const mounts = [
  '/dav/files/alice/shared/',
  '/remote.php/dav/files/alice/',
  '/webdav/',
  '/remote.php/webdav/shared/',
  '/dav/files/bob/',
  '/dav/',
  '/dav/files/',
  '/remote.php/',
  '/',
  '/dav/files/%61lice/',
  '/webdav/../dav/',
  'http://x/webdav/',
  '//webdav/',
] as const
const depths = ['0', '1', 'infinity', '2', '-1', '', 'Infinity', '1,noroot', '9'.repeat(50)] as const
const ifs = [
  '(<opaquelocktoken:x>)',
  '(["x"])',
  '()',
  '((',
  '<a>',
  '(<a>) (Not <b>)',
  '</webdav/a.txt> (["*"])',
  '(Not ["x"])',
  `(${'<a> '.repeat(500)})`,
  '<http://[> (<x>)',
  '(["\\"])',
] as const
const dates = ['Tue, 14 Nov 2023 22:13:20 GMT', 'never', '-1', '9'.repeat(30)] as const
const known = [
  'GET',
  'HEAD',
  'PUT',
  'PUT',
  'DELETE',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
] as const
const xmls = [
  '<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:allprop/></d:propfind>',
  '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/><x xmlns="">1</x><y xmlns="urn:&lt;&amp;&quot;"/></d:prop></d:propfind>',
  '<d:propfind xmlns:d="DAV:"><d:propname/></d:propfind>',
  '<d:propertyupdate xmlns:d="DAV:"><d:set><d:prop><a xmlns="urn:a">&#0;</a></d:prop></d:set></d:propertyupdate>',
  '<d:propertyupdate xmlns:d="DAV:"><d:set><d:prop><a xmlns="urn:a"><b>ü🦀</b></a></d:prop></d:set><d:remove><d:prop><a xmlns="urn:a"/></d:prop></d:remove></d:propertyupdate>',
  '<d:propertyupdate xmlns:d="DAV:"><d:set><d:prop><d:getlastmodified>1e999</d:getlastmodified></d:prop></d:set></d:propertyupdate>',
  '<d:lockinfo xmlns:d="DAV:"><d:lockscope><d:exclusive/></d:lockscope><d:locktype><d:write/></d:locktype><d:owner>x</d:owner></d:lockinfo>',
  '<d:lockinfo xmlns:d="DAV:"><d:lockscope><d:shared/></d:lockscope><d:locktype><d:write/></d:locktype></d:lockinfo>',
  '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><d:propfind xmlns:d="DAV:"><d:prop>&x;</d:prop></d:propfind>',
  `<!DOCTYPE a [<!ENTITY a "${'x'.repeat(100)}"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>`,
  '<a>'.repeat(5000),
  `<a ${Array.from({ length: 500 }, (_, index) => `a${index}="x"`).join(' ')}/>`,
  '<a xmlns:b="',
  'not xml',
  '\ufeff<a/>',
  '',
] as const

/** Most bodies are what the verb wants. */
const xmlsOf: Record<string, readonly [string, ...string[]]> = {
  PROPFIND: [xmls[0], xmls[1], xmls[2]],
  PROPPATCH: [xmls[4], xmls[5]],
  LOCK: [xmls[6], xmls[7], xmls[7], ''],
}
const bodyless = new Set(['GET', 'HEAD', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'UNLOCK', 'OPTIONS'])

function mutated(random: Random): string {
  const { pick, below } = random
  const method = below(12) === 0 ? pick(methods) : pick(known)
  const lines = [`${method} ${addressOf(random)} HTTP/1.1`, 'Host: x', 'Connection: close']
  if (below(30) > 0) lines.push(authorization)
  else
    lines.push(
      pick([
        'Authorization: Basic',
        'Authorization: Basic !!!',
        'Authorization: Bearer x',
        `Authorization: Basic ${btoa('alice')}`,
        `Authorization: Basic ${btoa(':')}`,
      ]),
    )
  const maybe = (name: string, values: readonly [string, ...string[]], odds = 16) => {
    if (below(odds) === 0) lines.push(`${name}: ${pick(values)}`)
  }
  if (below(2) === 0) lines.push(`Depth: ${below(4) > 0 ? pick(['0', '1', 'infinity']) : pick(depths)}`)
  maybe(
    'Destination',
    [
      `http://x${addressOf(random)}`,
      addressOf(random),
      addressOf(random),
      addressOf(random),
      `${pick(mounts)}${pick(names)}`,
      'http://',
      'x',
      '',
      'http://x',
      'file:///etc/passwd',
      '/%zz',
    ],
    method === 'COPY' || method === 'MOVE' ? 1 : 8,
  )
  maybe('Overwrite', ['T', 'F', 'maybe', ''], 4)
  maybe('If', ifs)
  maybe('If-Match', ['*', '"x"', 'W/"x"', 'x', '', '"'.repeat(99)])
  maybe('If-None-Match', ['*', '"x"', '', ',,,'])
  maybe('If-Modified-Since', dates, 8)
  maybe('If-Unmodified-Since', dates, 8)
  maybe('If-Range', ['"x"', ...dates], 8)
  maybe('Range', [
    'bytes=0-',
    'bytes=-1',
    'bytes=5-1',
    `bytes=${'0-0,'.repeat(200)}`,
    'bytes=99999999999999999999-',
    'bytes=-99999999999999999999',
    'x',
    'bytes=0-0,-1',
  ])
  maybe('Timeout', ['Second-1', 'Infinite', 'Second-99999999999999999999', 'x', 'Second--1'], 2)
  maybe('Lock-Token', ['<opaquelocktoken:x>', 'x', '<>', '<<'], method === 'UNLOCK' ? 1 : 8)
  maybe('X-OC-MTime', ['1700000000', '1700000000.5', '-1', 'x', '1e30', '0'])
  maybe('OC-Checksum', ['SHA1:x', 'MD5:', ':', 'x'], 8)
  maybe('X-NC-WebDAV-Auto-Mkcol', ['1'], 8)
  maybe('Translate', ['f'], 8)
  maybe('Content-Type', ['application/xml', 'text/xml; charset=utf-16', 'x'])
  maybe('Expect', ['100-continue', '100-continue', 'x'], 64)
  return lines.join('\r\n') + bodyOf(random, method)
}

const shortMark = 'X-Short: 1'

function bodyOf({ pick, below }: Random, method: string): string {
  const hasXml = ['PROPFIND', 'PROPPATCH', 'LOCK'].includes(method)
  const body = hasXml
    ? pick(below(3) > 0 ? (xmlsOf[method] ?? xmls) : xmls)
    : bodyless.has(method) && below(10) > 0
      ? ''
      : 'x'.repeat(below(200))
  const bytes = Buffer.byteLength(body)
  const kind = below(48)
  if (kind === 0) return `\r\n${shortMark}\r\nContent-Length: ${bytes + 10}\r\n\r\n${body}`
  if (kind === 1) return `\r\nContent-Length: ${Math.max(0, bytes - 3)}\r\n\r\n${body}`
  if (kind === 2)
    return `\r\nContent-Length: ${pick(['-1', 'x', '1e3', '99999999999999999999'])}\r\n\r\n${body}`
  if (kind === 3) return `\r\nTransfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  if (kind === 4) return `\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${body}`
  if (kind === 5) return `\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n${body}`
  if (kind === 6) return '\r\n\r\n'
  return `\r\nContent-Length: ${bytes}\r\n\r\n${body}`
}

const plainMounts = ['/webdav/', '/dav/files/alice/shared/', '/remote.php/dav/files/alice/'] as const
const plainNames = ['a.txt', 'b.txt', 'f', 'f/g', 'f/a.txt', '%F0%9F%A6%80', 'g'] as const

/** Most of an address is in order, so that the rest of the request gets to be read. */
function addressOf({ pick, below }: Random): string {
  return (below(5) > 0 ? pick(plainMounts) : pick(mounts)) + (below(4) > 0 ? pick(plainNames) : pick(names))
}

/**
 * What came back until the server closed. Node drops an answer that is not ready when the client ends its half, so
 * that is done only where the body stays short of what was announced and the server would wait for the rest.
 */
function send(dav: Harness, raw: string, isShort = false): Promise<string> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    const socket = connect(Number(new URL(dav.origin).port), '127.0.0.1')
    socket.on('data', chunk => chunks.push(chunk)).on('error', () => undefined)
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    if (isShort) socket.end(raw)
    else socket.write(raw)
  })
}

const openFiles = () => readdirSync('/proc/self/fd').length

test('thousands of mutated requests: no crash, no 500, no leaked descriptor, nothing told that is nobody’s business', async t => {
  t.timeout(240_000)
  const seed = Number(process.env.CAIRN_SEED ?? randomInt(2 ** 31))
  t.log(`seed ${seed} (repeat it with CAIRN_SEED)`)
  const random = createRandom(seed)
  const dav = await startDav(t, await tempFolder(t))
  for (let count = 0; count < 50; count += 1) {
    const raw = mutated(random)
    await send(dav, raw, raw.includes(shortMark))
  }
  const before = openFiles()
  const statuses = new Map<string, number>()
  for (let sent = 0; sent < requests; sent += 50) {
    // Locks of the last batch have ended.
    dav.clock.skip(8 * 24 * 3600 * 1000)
    const batch = Array.from({ length: 50 }, () => mutated(random))
    const answers = await Promise.all(batch.map(raw => send(dav, raw, raw.includes(shortMark))))
    for (const [index, answer] of answers.entries()) {
      const status = answer.slice(9, 12)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (/^HTTP\/1\.1 500|appliance\/|node:internal|root:x:0/m.test(answer)) {
        t.fail(`seed ${seed}: ${batch[index]?.slice(0, 1500)}\n\n${answer.slice(0, 500)}`)
      }
    }
    if (dav.logged.some(line => line.includes('"level":"error"')))
      t.fail(`seed ${seed}: ${dav.logged.join('\n').slice(0, 2000)}`)
  }
  t.log([...statuses].map(([status, count]) => `${status || 'closed'} ${count}`).join(', '))
  for (const status of ['200', '201', '204', '207', '400', '401', '404', '412'])
    t.true(statuses.has(status), status)
  await dav.files.stop()
  t.true(openFiles() <= before + 5, `${before} descriptors before, ${openFiles()} after`)
  t.is((await dav.fetch('/webdav/', { method: 'PROPFIND', headers: { depth: '0' } })).status, 207)
})

test('headers of 70 KB, a body that is too long for XML, a length that lies', async t => {
  const dav = await startDav(t, await tempFolder(t))
  t.regex(
    await send(dav, `GET /webdav/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`),
    /^HTTP\/1.1 431/,
  )
  const long = await dav.fetch('/webdav/', { method: 'PROPFIND', body: `<a>${'x'.repeat(2_000_000)}</a>` })
  t.is(long.status, 413)
  const lying = `PROPFIND /webdav/ HTTP/1.1\r\nHost: x\r\n${authorization}\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n<a/>`
  t.regex(await send(dav, lying), /^HTTP\/1.1 413/)
  const short = await send(
    dav,
    `PUT /webdav/a HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Length: 10\r\n\r\nabc`,
    true,
  )
  t.notRegex(short, /^HTTP\/1.1 2/)
  t.is((await dav.fetch('/webdav/a')).status, 404)
  t.deepEqual(dav.logged, [])
})

test('names with every hard character go round unchanged', async t => {
  const dav = await startDav(t, await tempFolder(t))
  for (const name of [
    '?#\\',
    '🦀 &<>"\'',
    'a+b=c;d',
    '100%',
    '%41',
    'new\nline',
    '\u0001',
    '\ufffe',
    'zu\u0308',
    '  ',
    '..a',
    'a..',
  ]) {
    const path = `/webdav/${encodeURIComponent(name)}`
    t.is((await dav.fetch(path, { method: 'PUT', body: name })).status, 201, JSON.stringify(name))
    t.is(await (await dav.fetch(path)).text(), name)
    const listing = await (
      await dav.fetch('/webdav/', { method: 'PROPFIND', headers: { depth: '1' } })
    ).text()
    const hrefs = [...listing.matchAll(/<d:href>([^<]*)/g)].map(([, href = '']) => decodeURIComponent(href))
    t.true(hrefs.includes(`/webdav/${name}`), `${path} in ${hrefs}`)
    // XML 1.0 has no way to write these, not even escaped.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
    t.notRegex(listing, /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/)
    t.is((await dav.fetch(path, { method: 'DELETE' })).status, 204)
  }
})
