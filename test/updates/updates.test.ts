import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { createLocalAgent } from '../../appliance/agent/client.ts'
import { createJobs } from '../../appliance/jobs/index.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createParts } from '../../appliance/lib/parts.ts'
import { createUpdates } from '../../appliance/updates/index.ts'
import { createUpdateOperations } from '../../appliance/updates/system/index.ts'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { fakeClock } from '../helpers/people.ts'
import { startRauc } from '../helpers/rauc.ts'
import { serve } from '../helpers/rest.ts'
import { tempFolder } from '../helpers/temp.ts'

const updateTest = testIf('root', 'rauc')

interface Given {
  version?: string
  dataDir?: string
  state?: 'ok' | 'danger'
  trialMs?: number
}

async function box(t: ExecutionContext, rauc: { conf: string; bus: string }, given: Given = {}) {
  const { version = '1.0.0', dataDir = await tempFolder(t), trialMs } = given
  const clock = fakeClock()
  const parts = createParts(silentLog)
  let restarts = 0
  const operations = createUpdateOperations({
    ...rauc,
    ...(trialMs === undefined ? {} : { trialMs }),
    dataDir,
    version,
    clock,
    log: silentLog,
    parts,
    restart: async () => void restarts++,
  })
  await parts.start()
  const events = createEvents()
  const database = await openDatabase(join(await tempFolder(t), 'jobs.db'))
  const jobs = createJobs({ database, events, clock, log: silentLog })
  await migrateDatabase(database, jobs.domain.migrations ?? [])
  const health: { state: 'ok' | 'danger' } = { state: given.state ?? 'ok' }
  const updates = createUpdates({
    agent: createLocalAgent(operations, silentLog),
    events,
    clock,
    log: silentLog,
    jobs,
    dataDir,
    version,
    health: async () => ({ state: health.state, issues: [] }),
    isFirst: true,
    lookEveryMs: 5,
    wellForMs: 60_000,
  })
  await updates.domain.start?.()
  const stop = async () => {
    await updates.domain.stop?.()
    await parts.stop()
    await database.destroy()
  }
  t.teardown(stop)
  const person = { user: 'ann', role: 'admin', device: '', face: 'rest', address: '' } as const
  const ask = await serve(t, updates.domain.routes ?? [], async () => person)
  const finish = async (id: string) => {
    await jobs.finished(id)
    return jobs.get(id)
  }
  /** Time goes by in which all is well. */
  const becomesGood = async () => {
    let isGood = false
    events.on('updates/changed', () => {
      isGood = true
    })
    await eventually(async () => {
      clock.advance(60_000)
      return isGood
    })
  }
  return { ask, clock, dataDir, finish, health, updates, becomesGood, restarts: () => restarts }
}

const receive = (ask: Awaited<ReturnType<typeof serve>>, bytes: Buffer, offset = 0) =>
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
  'a new version has a copy of the state, and is good once all has been well for a minute',
  async t => {
    const rauc = await startRauc(t)
    const dataDir = await tempFolder(t)
    writeFileSync(join(dataDir, 'cairn.db'), 'what was decided')
    const first = await box(t, rauc, { dataDir })
    t.is(readlinkSync(join(dataDir, 'state')), 'states/1.0.0')
    t.is(readFileSync(join(dataDir, 'state/cairn.db'), 'utf8'), 'what was decided')
    // The first version has nothing to go back to.
    t.notThrows(() => first.updates.requireChangeable({ method: 'post', tag: 'users' }))
    await first.becomesGood()

    const second = await box(t, rauc, { dataDir, version: '1.1.0', state: 'danger' })
    t.is(readlinkSync(join(dataDir, 'state')), 'states/1.1.0')
    writeFileSync(join(dataDir, 'state/cairn.db'), 'migrated')
    t.throws(() => second.updates.requireChangeable({ method: 'post', tag: 'users' }), {
      code: 'updates/on-trial',
    })
    t.notThrows(() => second.updates.requireChangeable({ method: 'post', tag: 'files' }))
    t.like((await second.ask('GET', '/updates')).body, { isOnTrial: true })
    t.is((await second.ask('POST', '/updates/install', { body: {} })).status, 409)

    // It goes back: the older one finds what it left.
    const back = await box(t, rauc, { dataDir })
    t.is(readFileSync(join(dataDir, 'state/cairn.db'), 'utf8'), 'what was decided')
    t.like((await back.ask('GET', '/updates')).body, { isOnTrial: false })

    const again = await box(t, rauc, { dataDir, version: '1.1.0' })
    t.is(readFileSync(join(dataDir, 'state/cairn.db'), 'utf8'), 'what was decided')
    await again.becomesGood()
    t.notThrows(() => again.updates.requireChangeable({ method: 'post', tag: 'users' }))
    t.deepEqual(JSON.parse(readFileSync(join(dataDir, 'updates.json'), 'utf8')), {
      confirmed: ['1.0.0', '1.1.0'],
    })
    t.is(statSync(join(dataDir, 'states/1.1.0')).mode & 0o777, 0o700)
    t.true(existsSync(join(dataDir, 'states/1.0.0/cairn.db')))
  },
)

updateTest('a new version that is not found good in time goes back by itself', async t => {
  const rauc = await startRauc(t)
  const dataDir = await tempFolder(t)
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(dataDir, 'updates.json'), JSON.stringify({ confirmed: ['1.0.0'] }))
  const { restarts } = await box(t, rauc, { dataDir, version: '1.1.0', state: 'danger', trialMs: 50 })
  await eventually(async () => restarts() > 0)
  t.is(rauc.stateOf('A'), 'bad')
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
