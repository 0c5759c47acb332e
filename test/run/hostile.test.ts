import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { admin, basic, type Cairn, claimed, eventually, smbAnyway, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { createRandom, type Random } from '../helpers/random.ts'

const withBtrfs = testIf('root', 'btrfs', 'smbd', 'smbclient')
const auth = `Authorization: ${basic(admin)}`

/** Sends bytes as they are; what came back until the server closed, or stopped talking. */
function exchange(port: number, bytes: Buffer, quietMs = 2000): Promise<string> {
  return new Promise(resolve => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    socket.setTimeout(quietMs, () => socket.destroy())
    socket.on('data', data => {
      answer += data.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}

const plain = (cairn: Cairn, text: string) => exchange(cairn.httpPort, Buffer.from(text, 'latin1'))
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0)

/** Nothing of ours in an answer: no stack, no path of the machine, no fault of the server's. */
function problemOf(answer: string): string | undefined {
  const status = statusOf(answer)
  if (status === 500) return `500: ${answer.slice(0, 300)}`
  if (/\bat \S+ \(|\.ts:\d+|node_modules|\/var\/tmp\/cairn-test/.test(answer))
    return `inside shown: ${answer.slice(0, 500)}`
  return undefined
}

const paths = [
  '/',
  '/api/v1/files?path=',
  '/api/v1/users',
  '/api/v1/shares/',
  '/dav/files/admin/',
  '/remote.php/dav/files/admin/',
  '/webdav/shared/',
  '/s/',
  '/setup',
  '/status.php',
  '/api/v1/setup/unlock',
]
const tails = [
  '..',
  '../../etc/passwd',
  '%2e%2e/%2e%2e/etc/shadow',
  '%00',
  'a%00b',
  '%zz',
  '%',
  'a%2fb',
  '.cairn/tmp',
  '.cairn',
  'x'.repeat(300),
  'y/'.repeat(3000),
  '?#\\',
  '%f0%9f%a6%80',
  '%ff%fe',
  '%ed%a0%80',
  '//',
  '\\..\\',
  'CON',
  ' ',
  '%20',
  '%0d%0aX-Injected:%201',
  '*',
  '{{7*7}}',
  "';--",
]
const heads = [
  'Depth: -1',
  'Depth: infinity',
  'Depth: 99999999999',
  'Destination: http://evil.example/x',
  'Destination: /webdav/../../etc',
  'Destination: %zz',
  'Overwrite: maybe',
  'If: (<x',
  `If: ${'('.repeat(500)}`,
  'If-Match: "',
  'If-Modified-Since: yesterday',
  'Range: bytes=9-1',
  `Range: bytes=${'0-0,'.repeat(900)}`,
  'Range: bytes=-0',
  'Timeout: Second-99999999999999',
  'Lock-Token: <nonsense>',
  'Content-Type: application/json',
  'Content-Type: text/xml',
  'X-OC-MTime: -1',
  'X-OC-MTime: 1e400',
  'OC-Checksum: SHA1:zz',
  'Transfer-Encoding: gzip',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Authorization: Basic',
  'Authorization: Basic ====',
  `Authorization: Basic ${Buffer.from('a').toString('base64')}`,
  'Authorization: Bearer x',
  `Authorization: Basic ${Buffer.from('\0:\0').toString('base64')}`,
  'Cookie: cairn-session=',
  `Cookie: cairn-session=${'z'.repeat(3000)}`,
  'Cookie: =;;;',
  'Host: evil.example',
  'X-Forwarded-For: 1.2.3.4',
]
const bodies = [
  '',
  '{',
  '{"name":',
  'null',
  '[]',
  '"x"',
  '{"name":{"$gt":""}}',
  '{"__proto__":{"role":"admin"}}',
  '['.repeat(2000),
  '{"path":"/../../etc/passwd"}',
  '{"paths":["/"]}',
  '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><propfind xmlns="DAV:"><prop><a>&x;</a></prop></propfind>',
  `<?xml version="1.0"?><!DOCTYPE a [${Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('')}]><propfind xmlns="DAV:"><prop>&e9;</prop></propfind>`,
  `<propfind xmlns="DAV:">${'<a>'.repeat(5000)}`,
  '<propfind xmlns="DAV:"><prop><x:y/></prop></propfind>',
  '<lockinfo xmlns="DAV:"/>',
  '\0\u0001\u0002',
  'x'.repeat(70_000),
]
const methods = [
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'PATCH',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'OPTIONS',
  'REPORT',
  'SEARCH',
  'TRACE',
  'BREW',
]

function mutated(random: Random): Buffer {
  const method = random.pick(methods)
  const body = random.pick(bodies)
  const lines = [
    `${method} ${random.pick(paths)}${random.pick(tails).replaceAll(' ', '%20')} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
  ]
  if (random.chance(0.7) && !(method === 'DELETE')) lines.push(auth)
  for (let count = random.below(4); count > 0; count--) lines.push(random.pick(heads))
  if (random.chance(0.8))
    lines.push(
      `Content-Length: ${random.chance(0.9) ? Buffer.byteLength(body) : random.pick([0, 5, 10 ** 9, -1, 'x'])}`,
    )
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
  if (random.chance(0.1)) bytes[random.below(bytes.length)] = random.below(256)
  return random.chance(0.05) ? bytes.subarray(0, random.below(bytes.length)) : bytes
}

withBtrfs(
  '10,000 mutated requests: no crash, no leaked descriptor, no 500, no inside in an answer',
  async t => {
    const cairn = await startCairn(t, { args: claimed })
    const random = createRandom()
    t.log(`seed ${random.seed} (CAIRN_TEST_SEED repeats it)`)
    const [server = 0] = cairn.pids('main.js')
    await plain(cairn, `GET /health/live HTTP/1.1\r\nHost: x\r\n${auth}\r\nConnection: close\r\n\r\n`)
    const before = readdirSync(`/proc/${server}/fd`).length
    const problems: string[] = []
    let sent = 0
    const lane = async () => {
      while (sent++ < 10_000 && problems.length < 5) {
        const bytes = mutated(random)
        const problem = problemOf(await exchange(cairn.httpPort, bytes))
        if (problem) problems.push(`${bytes.toString('latin1').slice(0, 400)}\n=> ${problem}`)
      }
    }
    await Promise.all(Array.from({ length: 24 }, lane))
    t.deepEqual(problems, [])
    t.deepEqual(cairn.pids('main.js'), [server])
    await eventually(async () => readdirSync(`/proc/${server}/fd`).length <= before + 4)
    t.is((await fetch(`${cairn.url}/webdav/`, { headers: { authorization: basic(admin) } })).status, 200)
  },
)

withBtrfs('headers of 70 KB, a lying Content-Length and half a request end in a clear refusal', async t => {
  const cairn = await startCairn(t, { args: claimed })
  t.is(statusOf(await plain(cairn, `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(70_000)}\r\n\r\n`)), 431)
  t.is(statusOf(await plain(cairn, 'GET / HTTP/1.1\r\nno colon here\r\n\r\n')), 400)
  const lie = await plain(
    cairn,
    `PUT /webdav/shared/lie.txt HTTP/1.1\r\nHost: x\r\n${auth}\r\nContent-Length: 1000\r\n\r\nshort`,
  )
  t.true([0, 400].includes(statusOf(lie)))
  t.is(
    (await fetch(`${cairn.url}/webdav/shared/lie.txt`, { headers: { authorization: basic(admin) } })).status,
    404,
  )
})

withBtrfs('names with ?#\\ and emoji, and ones nobody would choose, come back as they went', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const headers = { authorization: basic(admin) }
  for (const name of [
    'a?b#c.txt',
    'back\\slash.txt',
    '🦀 crab.txt',
    '%41.txt',
    ' leading and trailing ',
    'dot.',
    'ünïcödé.txt',
    'u\u0308.txt',
    '<script>.html',
    'quote\'".txt',
  ]) {
    const url = `${cairn.url}/webdav/shared/${encodeURIComponent(name)}`
    t.is((await fetch(url, { method: 'PUT', body: name, headers })).status, 201, name)
    t.is(await (await fetch(url, { headers })).text(), name)
  }
})

withBtrfs('smbd stays where it is when clients send nonsense, and nobody leaves the share', async t => {
  const cairn = await startCairn(t, { args: claimed })
  for (const bytes of [
    '\0\0\0\u0085\u00ffSMB',
    'GET / HTTP/1.1\r\n\r\n',
    '\0\u00ff\u00ff\u00ff',
    'x'.repeat(100_000),
  ])
    await exchange(cairn.smbPort, Buffer.from(bytes, 'latin1'), 500)
  t.notRegex(await smbAnyway(cairn, 'shared', 'get ../../../../etc/passwd -'), /root:/)
  t.notRegex(await smbAnyway(cairn, 'shared', 'ls .cairn\\*'), /tmp/)
  t.regex(await smbAnyway(cairn, 'shared', 'ls'), /blocks/)
})
