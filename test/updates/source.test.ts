import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { ExecutionContext } from 'ava'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { startRauc } from '../helpers/rauc.ts'
import type { Rest } from '../helpers/rest.ts'
import { tempFolder } from '../helpers/temp.ts'
import { box } from './box.ts'
import { type Reply, startPublisher } from './publisher.ts'

const updateTest = testIf('root', 'rauc')
const day = 86_400_000

async function looking(t: ExecutionContext, given: Parameters<typeof box>[2] = {}) {
  const rauc = await startRauc(t)
  const publisher = await startPublisher(t)
  const cairn = await box(t, rauc, { updatesFrom: publisher.url, ...given })
  const look = async () => (await cairn.ask('POST', '/updates/look')).body
  return { rauc, publisher, ...cairn, look }
}

const take = (ask: Rest, version: string) => ask('POST', '/updates/take', { body: { version } })

updateTest('what is published is found, and one press takes it', async t => {
  const { rauc, publisher, ask, finish, look } = await looking(t)
  publisher.release('1.1.0', rauc.bundle('1.1.0'))
  t.like((await ask('GET', '/updates/source')).body, {
    address: publisher.url,
    isOwn: false,
    looksDaily: true,
    installsAtNight: false,
    lookedAt: null,
    found: null,
  })
  const found = { version: '1.1.0', date: '2026-03-29', notes: ['One thing'], isNewer: true }
  t.like(await look(), { problem: null, failingSince: null, found })
  t.is(publisher.asked.length, 1)
  t.like(publisher.asked[0], { method: 'GET', path: '/cairn/cairn-test.json' })
  // Nothing about the box but its target, which is in the address.
  t.deepEqual(Object.keys(publisher.asked[0]?.headers ?? {}).sort(), ['connection', 'host'])

  t.like(await take(ask, '1.2.0'), { status: 409, body: { error: { code: 'updates/not-offered' } } })
  const { status, body } = await take(ask, '1.1.0')
  t.is(status, 202)
  t.like(await finish(body.job), { kind: 'updates/take', state: 'done', error: null })
  t.is(rauc.slot('B').trim(), 'rootfs 1.1.0')
  t.like((await ask('GET', '/updates')).body, { waitsForRestart: true, bundle: null })
})

updateTest('what has not changed is not sent again', async t => {
  const { publisher, look } = await looking(t)
  publisher.release('1.1.0', null)
  await look()
  t.like(await look(), { problem: null, found: { version: '1.1.0' } })
  const etag = publisher.asked[1]?.headers['if-none-match']
  t.regex(etag ?? '', /^"[0-9a-f]+"$/)
  publisher.release('1.2.0', null)
  t.like(await look(), { found: { version: '1.2.0' } })
})

updateTest('only a newer version is offered', async t => {
  const { publisher, ask, look } = await looking(t, { version: '1.1.0+abc' })
  for (const [version, isNewer] of [
    ['1.0.9', false],
    ['1.1.0', false],
    ['1.1.0-rc.1', false],
    ['1.1.0+other', false],
    ['1.1.1-rc.1', true],
    ['1.10.0', true],
  ] as const) {
    publisher.release(version, null)
    t.like(await look(), { found: { version, isNewer } }, version)
    if (!isNewer) t.is((await take(ask, version)).status, 409, version)
  }
})

const wrong: [what: string, changes: Record<string, unknown>, said: RegExp, code?: string][] = [
  ['another format', { format: 2 }, /format: a description of format 1/],
  [
    'another target',
    { target: 'rpi' },
    /target: .* is for rpi; this box needs test/,
    'updates/other-machine',
  ],
  ['no version', { version: 'new' }, /version: a version like/],
  ['no date', { date: 'today' }, /date: /],
  ['no bundle', { bundle: {} }, /bundle\.url: .*bundle\.sizeBytes: .*bundle\.sha256: /],
  ['a bundle elsewhere', { bundle: elsewhere('http://example.com/a.raucb') }, /bundle\.url: not an address/],
  ['a bundle on the disk', { bundle: elsewhere('file:///etc/passwd') }, /bundle\.url: not an address/],
  ['a bundle without end', { bundle: { ...elsewhere('a'), sizeBytes: 2 ** 40 } }, /bundle\.sizeBytes: /],
  ['notes without end', { notes: Array.from({ length: 101 }, () => 'x') }, /notes: /],
]

function elsewhere(url: string) {
  return { url, sizeBytes: 10, sha256: '0'.repeat(64) }
}

updateTest(
  'what is no description for this box is told by its field, and what was known is kept',
  async t => {
    const { publisher, look } = await looking(t)
    publisher.release('1.1.0', null)
    await look()
    for (const [what, changes, said, code = 'updates/not-understood'] of wrong) {
      publisher.release('1.2.0', null, changes)
      const { problem, found, failingSince } = await look()
      t.is(problem?.code, code, what)
      t.regex(problem?.message ?? '', said, what)
      t.is(found?.version, '1.1.0', what)
      t.truthy(failingSince)
    }
    publisher.release('1.3.0', null)
    t.like(await look(), { problem: null, failingSince: null, found: { version: '1.3.0' } })
  },
)

const leadTo =
  (location: string): Reply =>
  (_, response) =>
    response.writeHead(302, { location }).end()

const pour: Reply = (_, response) => {
  const more = () => {
    while (response.write(Buffer.alloc(64 * 1024, ' ')));
  }
  response.on('drain', more)
  more()
}

const trickle: Reply = (_, response) => {
  const timer = setInterval(() => response.write(' '), 5)
  response.on('close', () => clearInterval(timer))
}

const breakOff: Reply = (request, response) => {
  response.writeHead(200, { 'content-length': 1000 })
  response.write('{', () => request.socket.destroy())
}

const replies: [what: string, reply: Reply, code: string, said: RegExp][] = [
  ['no JSON', (_, response) => response.end('<html>'), 'updates/not-understood', /no JSON/],
  ['nothing there', (_, response) => response.writeHead(404).end(), 'updates/not-to-be-had', /by 404/],
  ['without end', pour, 'updates/not-understood', /too large/],
  ['led to HTTP elsewhere', leadTo('http://example.com/'), 'updates/led-astray', /leads to http:\/\/example/],
  ['led to a file', leadTo('file:///etc/passwd'), 'updates/unreachable', /leads nowhere/],
  ['led round', leadTo('cairn-test.json'), 'updates/unreachable', /again and again/],
  ['silent', () => undefined, 'updates/unreachable', /took too long|fell silent/],
  ['slow', trickle, 'updates/unreachable', /took too long/],
  ['broken off', breakOff, 'updates/unreachable', /broke off/],
  ['unasked 304', (_, response) => response.writeHead(304).end(), 'updates/not-to-be-had', /by 304/],
]

updateTest('an answer that is none is told as such, and costs little', async t => {
  const { publisher, look, ask } = await looking(t, { lookWithinMs: 1500 })
  for (const [what, reply, code, said] of replies) {
    publisher.set('cairn-test.json', reply)
    const { problem, found, lookedAt } = await look()
    t.is(problem?.code, code, what)
    t.regex(problem?.message ?? '', said, what)
    t.is(found, null, what)
    t.truthy(lookedAt)
  }
  t.like((await ask('GET', '/updates/source')).body, { problem: { code: 'updates/not-to-be-had' } })
})

updateTest('within the same network it is followed where it leads', async t => {
  const { publisher, look } = await looking(t)
  publisher.release('1.1.0', null)
  publisher.set('cairn-test.json', leadTo('newest.json'))
  t.like(await look(), { problem: { code: 'updates/not-to-be-had' } })
  publisher.publish(
    'newest.json',
    Buffer.from(
      JSON.stringify({
        format: 1,
        target: 'test',
        version: '1.1.0',
        date: '2026-03-29',
        bundle: elsewhere('a.raucb'),
        of: 'a newer format',
      }),
    ),
  )
  t.like(await look(), { problem: null, found: { version: '1.1.0', notes: [] } })
})

updateTest('over HTTPS only who shows who he is is listened to, and leads nowhere else', async t => {
  const { publisher, ask, look, finish } = await looking(t)
  const { bytes } = publisher.release('1.1.0', null)
  const { certificate, key } = await selfSigned(t)
  let reply: Reply = () => t.fail('it was asked')
  const server = createServer({ key, cert: certificate }, (request, response) => reply(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = `https://localhost:${(server.address() as AddressInfo).port}/`
  await ask('PUT', '/updates/source', { body: { address } })
  const { problem } = await look()
  t.is(problem.code, 'updates/unreachable')
  t.regex(problem.message, /localhost could not show that it is localhost/)

  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, certificate])
  t.teardown(() => setDefaultCACertificates(trusted))
  const bundle = { url: 'a.raucb', sizeBytes: bytes.length, sha256: '0'.repeat(64) }
  const description = { format: 1, target: 'test', version: '1.2.0', date: '2026-03-29', bundle }
  reply = (_, response) => response.end(JSON.stringify(description))
  t.like(await look(), { problem: null, found: { version: '1.2.0' } })
  reply = leadTo(publisher.url)
  t.like(await look(), { problem: { code: 'updates/led-astray' }, found: { version: '1.2.0' } })
  reply = (_, response) =>
    response.end(JSON.stringify({ ...description, bundle: { ...bundle, url: publisher.url } }))
  t.like(await look(), { problem: { code: 'updates/not-understood' } })
  // Nor where its bundle is only led to HTTP when it is asked for.
  reply = (request, response) =>
    request.url === '/a.raucb'
      ? leadTo(publisher.url)(request, response)
      : response.end(JSON.stringify(description))
  await look()
  const asked = publisher.asked.length
  const { body } = await take(ask, '1.2.0')
  t.like(await finish(body.job), { state: 'failed', error: { code: 'updates/led-astray' } })
  t.is(publisher.asked.length, asked)
})

async function selfSigned(t: ExecutionContext) {
  const folder = await tempFolder(t)
  const [key, certificate] = ['key.pem', 'cert.pem'].map(name => join(folder, name)) as [string, string]
  const command =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost'
  execFileSync('openssl', [...command.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
}

updateTest('a description that lies gets nothing installed, and leaves nothing', async t => {
  const { rauc, publisher, ask, finish, look, dataDir } = await looking(t)
  const good = readFileSync(rauc.bundle('1.1.0')).length
  const other = { url: 'cairn-1.1.0.raucb', sizeBytes: good, sha256: '0'.repeat(64) }
  const cases: [version: string, path: string, changes: Record<string, unknown>, code: string][] = [
    ['1.1.0', rauc.bundle('1.1.0'), { bundle: other }, 'updates/other-content'],
    ['1.1.0', rauc.bundle('1.1.0'), { bundle: { ...other, sizeBytes: 10 } }, 'updates/other-content'],
    ['1.2.0', rauc.bundle('1.1.0'), {}, 'updates/other-content'],
    ['1.2.0', rauc.bundle('0.9.0'), {}, 'updates/other-content'],
    ['1.1.0', rauc.bundle('1.1.0', { isForged: true }), {}, 'updates/refused'],
    ['1.1.0', rauc.bundle('1.1.0', { compatible: 'cairn-rpi' }), {}, 'updates/other-machine'],
  ]
  for (const [version, path, changes, code] of cases) {
    publisher.release(version, path, changes)
    t.like(await look(), { problem: null, found: { version } })
    const { error } = await finish((await take(ask, version)).body.job)
    t.is(error?.code, code, JSON.stringify(changes))
    const isKept = existsSync(join(dataDir, 'updates/bundle.raucb'))
    if (code === 'updates/other-content') t.false(isKept)
  }
  t.is(rauc.slot('B'), '')
  t.is(rauc.primary(), 'A')
})

updateTest('what was cut while it was taken goes on where it was', async t => {
  const { rauc, publisher, ask, finish, look, dataDir } = await looking(t)
  const { bytes, path } = publisher.release('1.1.0', rauc.bundle('1.1.0'))
  const file = join(dataDir, 'updates/bundle.raucb')
  const name = path.replace('/cairn/', '')
  let isFirst = true
  publisher.set(name, (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const rest = bytes.subarray(from)
    response.writeHead(from > 0 ? 206 : 200, { etag: '"one"', 'content-length': rest.length })
    if (!isFirst) return response.end(rest)
    isFirst = false
    response.write(rest.subarray(0, 3000))
    return void eventually(async () => existsSync(file) && statSync(file).size === 3000).then(() =>
      response.destroy(),
    )
  })
  await look()
  t.like(await finish((await take(ask, '1.1.0')).body.job), { state: 'done', error: null })
  const parts = publisher.asked.filter(one => one.path === path).map(({ headers }) => headers.range)
  t.deepEqual(parts, [undefined, 'bytes=3000-'])
  t.is(rauc.slot('B').trim(), 'rootfs 1.1.0')
})

updateTest('an administrator names another place, which counts at once', async t => {
  const { publisher, ask, look } = await looking(t)
  const other = await startPublisher(t)
  publisher.release('1.1.0', null)
  other.release('1.2.0', null)
  t.like(await look(), { found: { version: '1.1.0' } })
  const { status, body } = await ask('PUT', '/updates/source', { body: { address: other.url } })
  t.is(status, 200)
  t.like(body, { address: other.url, isOwn: true, looksDaily: true, found: null, lookedAt: null })
  t.is((await take(ask, '1.1.0')).status, 409)
  t.like(await look(), { found: { version: '1.2.0' } })
  // A description by its own name; and back to where the image says.
  const byName = `${other.url}cairn-test.json`
  await ask('PUT', '/updates/source', { body: { address: byName } })
  t.like(await look(), { address: byName, found: { version: '1.2.0' } })
  await ask('PUT', '/updates/source', { body: { address: null } })
  t.like(await look(), { address: publisher.url, isOwn: false, found: { version: '1.1.0' } })
})

updateTest('what is no place for updates is refused, with its field', async t => {
  const { ask } = await looking(t)
  const { url } = await startPublisher(t)
  const bodies: [body: Record<string, unknown>, said: RegExp][] = [
    [{}, /address: /],
    [{ address: 'cairn' }, /address: an address like/],
    [{ address: 'ftp://example.org/' }, /address: an address like/],
    [{ address: 'http://example.org/' }, /address: http is for the network at home only/],
    [{ address: 'http://93.184.216.34/' }, /address: http is for the network at home only/],
    [{ address: 'https://ann:secret@example.org/' }, /address: without a name and a password/],
    [{ address: 'https://example.org/?box=7' }, /address: without \?/],
    [{ address: url, looksDaily: 'no' }, /looksDaily: /],
    [{ address: url, looksDaily: false, installsAtNight: true }, /installsAtNight: only while looksDaily/],
    [{ address: url, channel: 'beta' }, /channel/],
  ]
  for (const [body, said] of bodies) {
    const answer = await ask('PUT', '/updates/source', { body })
    t.is(answer.status, 400, JSON.stringify(body))
    t.regex(answer.body.error.message, said)
  }
  for (const address of ['https://example.org/cairn', 'http://nas.local/', 'http://192.168.1.5:8000/a.json'])
    t.is((await ask('PUT', '/updates/source', { body: { address } })).status, 200, address)
})

updateTest('where no place is known, or a wrong one, that is said', async t => {
  const rauc = await startRauc(t)
  for (const updatesFrom of ['', 'http://example.org/', 'nonsense']) {
    const { ask } = await box(t, rauc, { updatesFrom })
    t.like((await ask('GET', '/updates/source')).body, { address: null, isOwn: false, found: null })
    t.like(await ask('POST', '/updates/look'), {
      status: 409,
      body: { error: { code: 'updates/no-source' } },
    })
  }
})

updateTest('one of the server processes looks, once a day, whatever comes of it', async t => {
  const rauc = await startRauc(t)
  const publisher = await startPublisher(t)
  const dataDir = await tempFolder(t)
  const given = { updatesFrom: publisher.url, dataDir }
  const first = await box(t, rauc, given)
  const second = await box(t, rauc, { ...given, isFirst: false })
  const pass = async (ms: number, count: number) => {
    for (const { clock } of [first, second]) clock.advance(ms)
    const looked = async () => (await first.ask('GET', '/updates/source')).body.lookedAt
    const now = new Date(first.clock.now()).toISOString()
    await eventually(async () => publisher.asked.length >= count && (await looked()) === now)
    t.is(publisher.asked.length, count)
  }
  // Ten minutes and, by half a chance, half an hour after the start; then a day and, by half a chance, nothing more.
  first.clock.advance(39 * 60_000)
  second.clock.advance(39 * 60_000)
  await pass(60_000, 1)
  t.like((await first.ask('GET', '/updates/source')).body, { problem: { code: 'updates/not-to-be-had' } })
  for (let times = 2; times <= 14; times += 1) await pass(day, times)
  t.deepEqual(await first.checks(), [])
  await pass(day, 15)
  t.deepEqual(await first.checks(), ['updates/not-found-out'])
  t.deepEqual(await second.checks(), ['updates/not-found-out'])
  publisher.release('1.1.0', null)
  await pass(day, 16)
  t.deepEqual(await second.checks(), [])
  // Started anew, what was planned still holds.
  await first.updates.domain.stop?.()
  const again = await box(t, rauc, { ...given, startsAt: new Date(first.clock.now()) })
  again.clock.advance(day - 1)
  await eventually(async () => (await again.ask('GET', '/updates/source')).body.found !== null)
  t.is(publisher.asked.length, 16)
  again.clock.advance(1)
  await eventually(async () => publisher.asked.length === 17)
})

updateTest('a look is told to the page; on a trial nothing is decided', async t => {
  const rauc = await startRauc(t)
  const publisher = await startPublisher(t)
  const { ask, events } = await box(t, rauc, { updatesFrom: publisher.url })
  let news = 0
  events.on('updates/changed', () => void news++)
  publisher.release('1.1.0', null)
  t.like((await ask('POST', '/updates/look')).body, { found: { version: '1.1.0' } })
  t.is(news, 1)

  const onTrial = await box(t, rauc, { version: '1.1.0', proven: '1.0.0', updatesFrom: publisher.url })
  for (const [method, path, body] of [
    ['PUT', '/updates/source', { address: null }],
    ['POST', '/updates/take', { version: '1.2.0' }],
  ] as const)
    t.like(await onTrial.ask(method, path, { body }), {
      status: 409,
      body: { error: { code: 'updates/on-trial' } },
    })
})

updateTest('where no image was flashed nothing is looked for', async t => {
  const publisher = await startPublisher(t)
  const nowhere = { conf: '/nowhere/system.conf', bus: 'unix:path=/nowhere' }
  const { ask, clock, checks } = await box(t, nowhere, { updatesFrom: publisher.url })
  clock.advance(30 * day)
  for (const [method, path, body] of [
    ['PUT', '/updates/source', { address: publisher.url }],
    ['POST', '/updates/look', undefined],
    ['POST', '/updates/take', { version: '1.1.0' }],
  ] as const)
    t.like(await ask(method, path, { body }), { status: 503, body: { error: { code: 'updates/not-here' } } })
  t.deepEqual(await checks(), [])
  t.is(publisher.asked.length, 0)
})
