import { readFileSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { run } from '../../appliance/lib/run.ts'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { joinEvents } from '../helpers/people.ts'
import { startRauc } from '../helpers/rauc.ts'
import type { Rest } from '../helpers/rest.ts'
import { tempFolder } from '../helpers/temp.ts'
import { box, degraded } from './box.ts'
import { startPublisher } from './publisher.ts'

const updateTest = testIf('root', 'rauc')
const hour = 3_600_000
const evening = new Date(2026, 2, 10, 22, 0)

/** In the evening 1.1.0 is known, and is to be taken by itself. */
async function atHome(t: ExecutionContext, given: { dataDir?: string; version?: string } = {}) {
  const rauc = await startRauc(t)
  const publisher = await startPublisher(t)
  const dataDir = given.dataDir ?? (await tempFolder(t))
  publisher.release('1.1.0', rauc.bundle('1.1.0'))
  const start = async (startsAt: Date, isFirst = true) => {
    const started = await box(t, rauc, { ...given, dataDir, updatesFrom: publisher.url, startsAt, isFirst })
    await started.ask('PUT', '/updates/source', { body: { address: null, installsAtNight: true } })
    await started.ask('POST', '/updates/look')
    const heldBack = async () => (await started.ask('GET', '/updates/source')).body.heldBack
    const taken = async () => (await started.jobs.list()).filter(({ kind }) => kind === 'updates/take')
    return { ...started, heldBack, taken }
  }
  return { rauc, publisher, start }
}

/** Nobody who asks meanwhile is answered by an error. */
async function installed(ask: Rest) {
  await eventually(async () => {
    const { status, body } = await ask('GET', '/updates')
    if (status !== 200) throw new Error(JSON.stringify(body))
    return body.restartAt !== null
  })
}

updateTest('at night the box installs what is new, and starts again at three', async t => {
  const { rauc, start } = await atHome(t)
  const { ask, clock, restarts, taken } = await start(evening)
  const second = await start(evening, false)
  for (const one of [clock, second.clock]) one.advance(4 * hour)
  await installed(ask)
  t.is(rauc.slot('B').trim(), 'rootfs 1.1.0')
  t.like((await ask('GET', '/updates')).body, {
    waitsForRestart: true,
    restartAt: new Date(2026, 2, 11, 3, 0).toISOString(),
  })
  t.is(restarts(), 0)
  for (const one of [clock, second.clock]) one.advance(hour)
  await eventually(async () => restarts() === 1)
  t.is((await taken()).length, 1)
  t.is(second.restarts(), 0)
  t.is((await second.taken()).length, 0)
})

updateTest('not by day, and not unasked', async t => {
  const { rauc, start } = await atHome(t)
  const { ask, clock, taken, heldBack } = await start(evening)
  await ask('PUT', '/updates/source', { body: { address: null } })
  clock.advance(4 * hour)
  // Rounds in which it would have happened: the daily look is one of them.
  clock.advance(24 * hour)
  await eventually(
    async () => Date.parse((await ask('GET', '/updates/source')).body.lookedAt) === clock.now(),
  )
  t.deepEqual(await taken(), [])
  t.is(await heldBack(), null)
  t.is(rauc.slot('B'), '')
})

updateTest('where a pool is not well it is held back, which is said, until another night', async t => {
  const { rauc, start } = await atHome(t)
  const { clock, health, heldBack, restarts, taken } = await start(evening)
  health.issues = [degraded]
  clock.advance(4 * hour)
  await eventually(async () => (await heldBack()) !== null)
  t.like(await heldBack(), {
    message: 'The pool is degraded.',
    at: new Date(2026, 2, 11, 2, 0).toISOString(),
  })
  t.deepEqual(await taken(), [])
  health.issues = []
  clock.advance(24 * hour)
  await eventually(async () => rauc.slot('B').trim() === 'rootfs 1.1.0' && (await heldBack()) === null)
  // It became unwell between the installation and three.
  health.issues = [degraded]
  clock.advance(hour)
  await eventually(async () => (await heldBack())?.message === 'The pool is degraded.')
  t.is(restarts(), 0)
  health.issues = []
  clock.advance(24 * hour)
  await eventually(async () => restarts() === 1)
  t.is((await taken()).length, 1)
})

updateTest('nor beside other work, nor over what somebody has begun', async t => {
  const { rauc, start } = await atHome(t)
  const { ask, clock, heldBack, jobs, taken } = await start(evening)
  const work = await jobs.start({
    kind: 'storage/scrub',
    title: 'Checking the pool',
    run: ({ signal }) => new Promise(resolve => signal.addEventListener('abort', () => resolve())),
  })
  clock.advance(4 * hour)
  await eventually(async () => (await heldBack()) !== null)
  t.is((await heldBack()).message, 'This was under way: Checking the pool.')
  await jobs.cancel(work.id)
  await jobs.finished(work.id)
  await ask('PUT', '/updates/bundle?offset=0', { raw: readFileSync(rauc.bundle('1.2.0')).subarray(0, 100) })
  clock.advance(24 * hour)
  await eventually(async () => /somebody has given/.test((await heldBack()).message))
  t.deepEqual(await taken(), [])
})

updateTest('a version that the box has gone back from is not taken by itself once more', async t => {
  const { rauc, publisher, start } = await atHome(t)
  const first = await start(evening)
  first.clock.advance(4 * hour)
  await installed(first.ask)
  first.clock.advance(hour)
  await eventually(async () => first.restarts() === 1)
  await first.updates.domain.stop?.()
  // The trial failed: 1.0.0 runs again, with its settings as they were, and is what starts next.
  await run(['rauc', 'status', 'mark-active', 'booted'], { env: { DBUS_SYSTEM_BUS_ADDRESS: rauc.bus } })
  const { clock, heldBack, taken, ask, finish } = await start(new Date(2026, 2, 11, 22, 0))
  clock.advance(4 * hour)
  await eventually(async () => (await heldBack()) !== null)
  t.regex((await heldBack()).message, /1\.1\.0 was installed here before/)
  t.deepEqual(await taken(), [])
  // By hand it is, by day.
  clock.advance(10 * hour)
  const { body } = await ask('POST', '/updates/take', { body: { version: '1.1.0' } })
  t.like(await finish(body.job), { state: 'done' })
  t.is(await heldBack(), null)
  publisher.release('1.2.0', rauc.bundle('1.2.0'))
  await ask('POST', '/updates/look')
  clock.advance(14 * hour)
  await eventually(async () => (await heldBack()) !== null)
  t.regex((await heldBack()).message, /installed already, and waits for a restart/)
})

updateTest(
  'a download that failed is tried again in another night, an update that is refused is not',
  async t => {
    const { rauc, publisher, start } = await atHome(t)
    const { clock, heldBack, taken, ask } = await start(evening)
    publisher.release('1.1.1', rauc.bundle('1.1.0'))
    await ask('POST', '/updates/look')
    clock.advance(4 * hour)
    await eventually(async () => /was described/.test((await heldBack())?.message ?? ''))
    publisher.release('1.2.0', rauc.bundle('1.2.0', { compatible: 'cairn-rpi' }))
    await ask('POST', '/updates/look')
    clock.advance(24 * hour)
    await eventually(async () => /This update is for cairn-rpi/.test((await heldBack()).message))
    t.is((await taken()).length, 2)
    clock.advance(24 * hour)
    await eventually(async () => /1\.2\.0 was installed here before/.test((await heldBack()).message))
    t.is((await taken()).length, 2)
  },
)

updateTest('whichever server process is asked knows of a restart at night, and takes it back', async t => {
  const { start } = await atHome(t)
  const [one, other] = [await start(evening), await start(evening, false)]
  joinEvents(one.events, other.events)
  await one.ask('PUT', '/updates/source', { body: { address: null } })
  t.is((await one.ask('POST', '/updates/restart', { body: { when: 'night' } })).status, 204)
  const at = new Date(2026, 2, 11, 3, 0).toISOString()
  for (const { ask } of [one, other]) t.is((await ask('GET', '/updates')).body.restartAt, at)
  await other.ask('POST', '/updates/restart', { body: { when: 'never' } })
  for (const { ask } of [one, other]) t.is((await ask('GET', '/updates')).body.restartAt, null)
})
