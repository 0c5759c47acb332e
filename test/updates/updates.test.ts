import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { startRauc } from '../helpers/rauc.ts'
import type { Rest } from '../helpers/rest.ts'
import { box } from './box.ts'
import { makeSettings, meanwhile } from './settings-world.ts'

const updateTest = testIf('root', 'rauc')

const receive = (ask: Rest, bytes: Buffer, offset = 0) =>
  ask('PUT', `/updates/bundle?offset=${offset}`, { raw: bytes })

updateTest(
  'a bundle is received in pieces, installed into the other place, and runs after the next start',
  async t => {
    const rauc = await startRauc(t)
    const { ask, finish, restarts } = await box(t, rauc)
    t.like((await ask('GET', '/updates')).body, {
      isPossible: true,
      version: '1.0.0',
      bundle: null,
      waitsForRestart: false,
      slots: { compatible: 'cairn-test' },
    })
    const bytes = readFileSync(rauc.bundle('1.1.0'))
    t.deepEqual((await receive(ask, bytes.subarray(0, 1000))).body, { receivedBytes: 1000 })
    t.like((await ask('GET', '/updates')).body.bundle, { receivedBytes: 1000, version: null })
    t.like(await receive(ask, bytes, 1001), {
      status: 409,
      body: { error: { details: { receivedBytes: 1000 } } },
    })
    // A piece that was cut is sent once more.
    t.is((await receive(ask, bytes.subarray(500), 500)).status, 200)
    t.like((await ask('GET', '/updates')).body.bundle, { version: '1.1.0', problem: null })

    const { status, body } = await ask('POST', '/updates/install', { body: {} })
    t.is(status, 202)
    t.like(await finish(body.job), { state: 'done', error: null })
    t.is(rauc.slot('B').trim(), 'rootfs 1.1.0')
    t.is(rauc.slot('A'), '')
    t.is(rauc.primary(), 'B')
    const now = (await ask('GET', '/updates')).body
    t.like(now, { waitsForRestart: true, bundle: null })
    t.deepEqual(
      now.slots.slots.map(({ name, isBooted, isNext, version }: Record<string, unknown>) => [
        name,
        isBooted,
        isNext,
        version,
      ]),
      [
        ['A', true, false, null],
        ['B', false, true, '1.1.0'],
      ],
    )
    t.is((await ask('POST', '/updates/restart', { body: { when: 'night' } })).status, 204)
    t.is(restarts(), 0)
    t.is(typeof (await ask('GET', '/updates')).body.restartAt, 'string')
    t.is((await ask('POST', '/updates/restart', { body: { when: 'now' } })).status, 204)
    t.is(restarts(), 1)
  },
)

updateTest('what is forged, broken, older or for another machine is refused, and says why', async t => {
  const rauc = await startRauc(t)
  const { ask, finish, dataDir } = await box(t, rauc, { version: '1.1.0' })
  const install = async (path: string, given = {}) => {
    await receive(ask, readFileSync(path))
    const { body } = await ask('POST', '/updates/install', { body: given })
    const { error } = await finish(body.job)
    return error
  }
  t.like(await install(rauc.bundle('1.2.0', { isForged: true })), { code: 'updates/refused' })
  t.regex((await ask('GET', '/updates')).body.bundle.problem, /signature|certificate/i)
  t.like(await install(rauc.bundle('1.0.0')), { code: 'updates/older' })
  t.like(await install(rauc.bundle('1.2.0', { compatible: 'cairn-rpi' })), { code: 'updates/other-machine' })
  const broken = join(dataDir, 'broken.raucb')
  copyFileSync(rauc.bundle('1.2.0'), broken)
  const bytes = readFileSync(broken)
  bytes[2000] = (bytes[2000] ?? 0) ^ 1
  writeFileSync(broken, bytes)
  t.like(await install(broken), { code: 'updates/refused' })
  t.is(rauc.primary(), 'A')
  t.is(rauc.slot('B'), '')
  t.is(await install(rauc.bundle('1.0.0'), { allowOlder: true }), null)
  t.is((await ask('POST', '/updates/download', { body: { url: 'file:///etc/passwd' } })).status, 400)
  t.is((await ask('PUT', '/updates/bundle?offset=-1')).status, 400)
})

updateTest('a download that is cut goes on where it was, if it is still the same file', async t => {
  const rauc = await startRauc(t)
  const { ask, finish, dataDir } = await box(t, rauc)
  const bytes = readFileSync(rauc.bundle('1.1.0'))
  const file = join(dataDir, 'updates/bundle.raucb')
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers.range)
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const rest = bytes.subarray(from)
    response.writeHead(from > 0 ? 206 : 200, { etag: '"one"', 'content-length': rest.length })
    if (asked.length > 1) response.end(rest)
    else {
      response.write(rest.subarray(0, 3000))
      void eventually(async () => existsSync(file) && statSync(file).size === 3000).then(() =>
        response.destroy(),
      )
    }
  }).listen(0, '127.0.0.1')
  await new Promise(done => server.once('listening', done))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cairn.raucb`
  const { body } = await ask('POST', '/updates/download', { body: { url } })
  t.like(await finish(body.job), { state: 'done', error: null })
  t.is(asked.length, 2)
  t.regex(asked[1] ?? '', /^bytes=\d+-$/)
  t.deepEqual(readFileSync(file), bytes)
})

updateTest(
  'a version on trial changes no settings, and is not ready before all was well for a minute',
  async t => {
    const rauc = await startRauc(t)
    const { ask, clock, health, updates, prove } = await box(t, rauc, {
      version: '1.1.0+abc',
      proven: '1.0.0',
      state: 'danger',
    })
    t.like((await ask('GET', '/updates')).body, { version: '1.1.0+abc', isOnTrial: true })
    const post = (tag: string) => updates.requireChangeable({ method: 'post', tag })
    await t.throwsAsync(post('users'), { code: 'updates/on-trial' })
    await t.notThrowsAsync(post('files'))
    t.is((await ask('POST', '/updates/install', { body: {} })).status, 409)
    clock.advance(600_000)
    t.false(updates.isReady())

    health.issues = []
    await eventually(async () => {
      clock.advance(10_000)
      return updates.isReady()
    })
    // The image has seen it, and marks it good.
    prove('1.1.0+abc')
    await eventually(async () => !(await ask('GET', '/updates')).body.isOnTrial)
    await t.notThrowsAsync(post('users'))
  },
)

updateTest('once a version was found good, settings can be changed at once', async t => {
  const rauc = await startRauc(t)
  const given = { version: '1.1.0', proven: '1.0.0', lookEveryMs: 2 ** 30 }
  const { updates, prove } = await box(t, rauc, given)
  const route = { method: 'post', tag: 'users' }
  await t.throwsAsync(updates.requireChangeable(route), { code: 'updates/on-trial' })
  prove('1.1.0')
  await t.notThrowsAsync(updates.requireChangeable(route))
})

updateTest('what ailed the box before the update is not the new version’s fault', async t => {
  const rauc = await startRauc(t)
  const before = await box(t, rauc, { state: 'danger' })
  await receive(before.ask, readFileSync(rauc.bundle('1.1.0')))
  await before.finish((await before.ask('POST', '/updates/install', { body: {} })).body.job)
  const { dataDir } = before
  const after = await box(t, rauc, { version: '1.1.0', proven: '1.0.0', state: 'danger', dataDir })
  await eventually(async () => {
    after.clock.advance(10_000)
    return after.updates.isReady()
  })
  t.true(after.updates.isReady())
})

updateTest('the first version of all, and one that was found good, are on no trial', async t => {
  const rauc = await startRauc(t)
  for (const given of [{}, { proven: '1.0.0' }]) {
    const { ask, updates } = await box(t, rauc, given)
    t.like((await ask('GET', '/updates')).body, { isOnTrial: false })
    t.true(updates.isReady())
  }
})

updateTest('where no image was flashed there are no updates, which is said', async t => {
  const { ask } = await box(t, { conf: '/nowhere/system.conf', bus: 'unix:path=/nowhere' })
  t.like((await ask('GET', '/updates')).body, { isPossible: false, slots: null, isOnTrial: false })
  for (const [path, body] of [
    ['/updates/install', {}],
    ['/updates/download', { url: 'https://example.com/a' }],
    ['/updates/restart', { when: 'now' }],
  ] as const)
    t.like(await ask('POST', path, { body }), { status: 503, body: { error: { code: 'updates/not-here' } } })
})

/** 1.1.0 runs and is proven; the other place has what it came from, and the settings of then are there. */
async function afterUpdate(t: ExecutionContext) {
  const rauc = await startRauc(t)
  const { ask, dataDir, finish, restarts } = await box(t, rauc, { version: '1.1.0', proven: '1.1.0' })
  await receive(ask, readFileSync(rauc.bundle('1.0.0')))
  const { body } = await ask('POST', '/updates/install', { body: { allowOlder: true } })
  t.like(await finish(body.job), { state: 'done' })
  const markActive = (slot: string) =>
    execFileSync('rauc', ['status', 'mark-active', slot], {
      stdio: 'ignore',
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: rauc.bus },
    })
  markActive('booted')
  t.is(rauc.primary(), 'A')
  const settings = await makeSettings(t, join(dataDir, 'cairn.db'))
  mkdirSync(join(dataDir, 'before'))
  copyFileSync(settings.keep(), join(dataDir, 'before', 'cairn.db'))
  writeFileSync(join(dataDir, 'before', 'version'), '1.0.0\n')
  const lent = () => readdirSync(dataDir).filter(name => name.startsWith('earlier-'))
  return { rauc, ask, dataDir, restarts, settings, lent, markActive }
}

updateTest('the box goes back by hand to the version before, with the settings of then amended', async t => {
  const { rauc, ask, dataDir, restarts, settings, lent } = await afterUpdate(t)
  t.like((await ask('GET', '/updates/earlier')).body, { version: '1.0.0', lost: [], kept: [], problem: null })
  settings.run(meanwhile)
  const { body } = await ask('GET', '/updates/earlier')
  t.deepEqual(
    body.lost.find(({ what, how }: { what: string; how: string }) => what === 'people' && how === 'added'),
    { what: 'people', how: 'added', count: 1, names: ['zoe'] },
  )
  t.deepEqual(
    body.kept.find(({ what, how }: { what: string; how: string }) => what === 'people' && how === 'removed'),
    { what: 'people', how: 'removed', count: 1, names: ['eve'] },
  )
  t.deepEqual(lent(), [])
  t.is(rauc.primary(), 'A')
  t.is(restarts(), 0)

  t.like(await ask('POST', '/updates/go-back', { body: { version: '0.9.0' } }), {
    status: 409,
    body: { error: { code: 'updates/no-earlier' } },
  })
  t.is((await ask('POST', '/updates/go-back', { body: { version: '1.0.0' } })).status, 204)
  t.is(rauc.primary(), 'B')
  t.is(restarts(), 1)
  t.deepEqual(lent(), [])
  t.is(readFileSync(join(dataDir, 'return', 'version'), 'utf8'), '1.0.0\n')
  t.deepEqual(readdirSync(join(dataDir, 'return')).sort(), ['cairn.db', 'version'])
  const ready = statSync(join(dataDir, 'return', 'cairn.db'))
  t.deepEqual([ready.uid, ready.mode & 0o777], [2770, 0o600])
  t.true(existsSync(join(dataDir, 'before', 'cairn.db')))
  t.is((await ask('GET', '/updates/earlier')).body, null)
})

updateTest(
  'there is nothing to go back to without the settings of then, or with another version there',
  async t => {
    const { rauc, ask, dataDir, markActive } = await afterUpdate(t)
    const earlier = async () => (await ask('GET', '/updates/earlier')).body
    t.like(await earlier(), { version: '1.0.0' })
    writeFileSync(join(dataDir, 'before', 'version'), '0.9.0\n')
    t.is(await earlier(), null)
    writeFileSync(join(dataDir, 'before', 'version'), '1.1.0\n')
    t.is(await earlier(), null)
    writeFileSync(join(dataDir, 'before', 'version'), '1.0.0\n')
    markActive('other')
    t.is(await earlier(), null)
    markActive('booted')
    t.like(await earlier(), { version: '1.0.0' })
    await rauc.stop()
    t.true((await ask('POST', '/updates/go-back', { body: { version: '1.0.0' } })).status >= 400)
    t.false(existsSync(join(dataDir, 'return')))
  },
)

updateTest('why the box cannot go back is said, and it does not', async t => {
  const { rauc, ask, dataDir, settings, restarts } = await afterUpdate(t)
  settings.run(`insert into user values ('zoe', 4, 'Zoe', 'admin', 'h', 'n', 2);
    delete from user where name in ('ann', 'eve')`)
  t.regex((await ask('GET', '/updates/earlier')).body.problem, /None of the present administrators/)
  const { status, body } = await ask('POST', '/updates/go-back', { body: { version: '1.0.0' } })
  t.is(status, 409)
  t.is(body.error.code, 'updates/cannot-amend')
  t.is(rauc.primary(), 'A')
  t.is(restarts(), 0)
  t.false(existsSync(join(dataDir, 'return')))
})
