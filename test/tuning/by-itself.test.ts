import test, { type ExecutionContext } from 'ava'
import { Failure } from '../../appliance/lib/failure.ts'
import { ofParts } from '../helpers/machine-text.ts'
import { type TuningBox, well } from './box.ts'
import { vm } from './fake-machine.ts'
import { aWhileMs, worldOf } from './world.ts'

const away = new Failure('unavailable', 'agent/away', 'The system service is restarting.')
const ofSda = '/sys/block/sda/queue/scheduler'

test('after a start the plan is set by itself, and shown as set', async t => {
  const { box, rest, begun } = await worldOf(t, { parts: ofParts })
  await box.passes(aWhileMs - 1)
  t.deepEqual(await begun(), [])
  await box.passes(1)
  t.deepEqual(await begun(), ['done'])
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
  t.is(await box.machine.get(ofSda), 'mq-deadline')
  const { settings, automatic } = (await rest('GET', '/tuning')).body
  t.deepEqual(automatic, { isOn: true, isCancelled: false })
  t.deepEqual(
    settings.filter(({ state }: { state: string }) => state === 'planned'),
    [],
  )
})

test('where it is off nothing is set before somebody switches it on, which every process and start knows', async t => {
  const { box, rest, begun, changed } = await worldOf(t, { isOnByDefault: false })
  t.deepEqual((await rest('GET', '/tuning')).body.automatic, { isOn: false, isCancelled: false })
  changed()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), [])
  t.is((await rest('PUT', '/tuning/automatic', { isOn: 'yes' })).status, 400)
  t.is((await rest('PUT', '/tuning/automatic', { isOn: true })).status, 204)
  t.true((await (await box.another()).report()).automatic.isOn)
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
})

test('switched off, it stays off where it is on by default', async t => {
  const { box, rest, begun, changed } = await worldOf(t)
  await rest('PUT', '/tuning/automatic', { isOn: false })
  changed()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), [])
  t.false((await (await box.another()).report()).automatic.isOn)
})

test('of several server processes one looks', async t => {
  const { box, begun, changed } = await worldOf(t, { isLooking: false })
  changed()
  t.false(box.isPuttingOff())
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), [])
})

test('news in a row lead to one look, a while after the last', async t => {
  const { box, begun, changed } = await worldOf(t)
  for (let count = 0; count < 5; count++) {
    await box.passes(aWhileMs / 2)
    changed()
  }
  t.deepEqual(await begun(), [])
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  await box.passes(aWhileMs)
  t.false(box.isPuttingOff())
  t.deepEqual(await begun(), ['done'])
})

test('a box that was just set up is measured first where somebody wants that', async t => {
  const { box, circumstances, rest, begun, changed } = await worldOf(t)
  circumstances.isSetUp = false
  await box.passes(aWhileMs)
  circumstances.isSetUp = true
  box.events.publish('setup/claimed', {})
  changed()
  await box.passes(2 * aWhileMs)
  t.deepEqual(await begun(), [])
  await box.ended((await rest('POST', '/tuning/calibrate')).body.job)
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  t.truthy(
    (await rest('GET', '/tuning')).body.settings.find(
      ({ name, state }: { name: string; state: string }) =>
        name === 'samba.signing' && ['applied', 'as-is'].includes(state),
    ),
  )
})

test('who does not measure a new box has it tuned some minutes later', async t => {
  const { box, begun } = await worldOf(t)
  box.events.publish('setup/claimed', {})
  await box.passes(5 * aWhileMs)
  t.deepEqual(await begun(), ['done'])
})

test('it waits for pools that are not well, and for a version on trial', async t => {
  const { box, circumstances, begun, changed } = await worldOf(t)
  circumstances.restlessPools = ['pool']
  circumstances.isOnTrial = true
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), [])
  t.false(box.isPuttingOff())
  circumstances.restlessPools = []
  changed()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), [])
  circumstances.isOnTrial = false
  box.events.publish('updates/changed', {})
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
})

for (const kind of ['storage/scrub', 'storage/replace', 'tuning/calibrate', 'updates/install'])
  test(`it waits until ${kind} has ended, however it ends`, async t => {
    const { box, begun } = await worldOf(t)
    const work = Promise.withResolvers<void>()
    const { id } = await box.jobs.start({ kind, title: 'Other work', run: () => work.promise })
    await box.passes(aWhileMs)
    box.events.publish('jobs/changed', { id })
    await box.passes(aWhileMs)
    t.deepEqual(await begun(), [])
    const noticed = untilPutOff(t, box)
    work.reject(new Error('It broke.'))
    await noticed
    await box.passes(aWhileMs)
    t.deepEqual(await begun(), ['done'])
  })

test('what the box did worse with is not tried again, and what is new is', async t => {
  const { box, rest, begun, changed } = await worldOf(t)
  box.whileWatched(look => {
    if (look === 1) box.becomes({ state: 'danger', issues: [] })
  })
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['failed'])
  box.becomes(well)
  for (let count = 0; count < 3; count++) {
    changed()
    await box.passes(aWhileMs)
  }
  t.deepEqual(await begun(), ['failed'])
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  t.is(await box.machine.get(ofSda), 'mq-deadline')
  await rest('PUT', '/tuning/settings/vm.swappiness', { value: '100' })
  changed()
  await box.passes(aWhileMs)
  t.deepEqual((await begun()).sort(), ['done', 'failed'])
  t.is(await box.machine.get(`${vm}/swappiness`), '100')
  t.is(await box.machine.get(`${vm}/page-cluster`), '3')
})

test('what somebody puts back stays so, over other hardware and a start too, until it is applied by hand', async t => {
  const { box, rest, begun, changed } = await worldOf(t)
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  t.is((await rest('POST', '/tuning/revert', { name: 'vm.swappiness' })).status, 200)
  await box.machine.put('/sys/block/sdb/size', '1953525168\n')
  changed()
  await box.passes(aWhileMs)
  await box.tuning.domain.stop?.()
  await box.another()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  const swappiness = async () =>
    (await rest('GET', '/tuning')).body.settings.find(
      ({ name }: { name: string }) => name === 'vm.swappiness',
    )
  t.like(await swappiness(), { state: 'planned', isPutBack: true })
  t.regex((await rest('GET', '/tuning/report')).text, /^planned {5}vm\.swappiness: 60 -> 180 \(put back\)$/m)
  await box.ended((await rest('POST', '/tuning/apply')).body.job)
  t.like(await swappiness(), { state: 'applied', isPutBack: false })
})

test('who puts all back, or what was given back to the plan, is heard likewise', async t => {
  const { box, rest, begun, changed } = await worldOf(t)
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  t.is((await rest('POST', '/tuning/revert', {})).status, 200)
  changed()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  t.is(await box.machine.get(ofSda), 'none')
  // A kernel goes on to offer the others.
  await box.machine.put(ofSda, '[none] mq-deadline\n')
  await rest('PUT', '/tuning/settings/disk.sda.scheduler', { value: null })
  changed()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done', 'done'])
  t.is(await box.machine.get(ofSda), 'mq-deadline')
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
})

test('what somebody cancels is not begun again before the hardware has changed', async t => {
  const { box, rest, begun, changed } = await worldOf(t)
  cancelsAtOnce(box)
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['cancelled'])
  t.deepEqual((await rest('GET', '/tuning')).body.automatic, { isOn: true, isCancelled: true })
  changed()
  await box.passes(aWhileMs)
  await box.tuning.domain.stop?.()
  await box.another()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['cancelled'])

  await box.machine.put('/sys/block/sdb/size', '1953525168\n')
  changed()
  await box.passes(aWhileMs)
  t.deepEqual((await begun()).sort(), ['cancelled', 'done'])
  t.deepEqual((await rest('GET', '/tuning')).body.automatic, { isOn: true, isCancelled: false })
})

test('who switches it on anew, or applies the plan, has not cancelled it any more', async t => {
  const { box, rest, begun } = await worldOf(t)
  cancelsAtOnce(box)
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['cancelled'])
  await rest('PUT', '/tuning/automatic', { isOn: true })
  await box.passes(aWhileMs)
  t.deepEqual((await begun()).sort(), ['cancelled', 'done'])
})

test('a process that ends while it applies was cancelled by nobody: the next goes on', async t => {
  const { box, begun } = await worldOf(t)
  let ended: Promise<unknown> | undefined
  box.whileWatched(look => {
    if (look !== 1) return
    ended = (async () => {
      await box.tuning.domain.stop?.()
      await box.jobs.domain.stop?.()
    })()
  })
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['cancelled'])
  await ended
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  await box.another()
  await box.passes(aWhileMs)
  t.deepEqual((await begun()).sort(), ['cancelled', 'done'])
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
})

test('an agent that goes away meanwhile speaks against no setting: it goes on when it is back', async t => {
  const { box, begun } = await worldOf(t)
  const call = box.agent.call
  box.agent.call = (name, input, options) =>
    name === 'tuning/apply' ? Promise.reject(away) : call(name, input, options)
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['failed'])
  box.agent.call = call
  box.events.publish('agent/connected', { isFirst: false })
  await box.passes(aWhileMs)
  t.deepEqual((await begun()).sort(), ['done', 'failed'])
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
})

test('what the plan asks for no more is put back, and what is set on a disk that is away waits for it', async t => {
  const { box, rest, begun, changed } = await worldOf(t)
  await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: '1024' })
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  const kept = await box.agent.call('tuning/applied', {})
  await box.machine.remove('/sys/block/sda')
  changed()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  t.deepEqual(await box.agent.call('tuning/applied', {}), kept)

  await box.machine.restart()
  await box.tuning.hardwareChanged()
  await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: null })
  changed()
  await box.passes(aWhileMs)
  await begun()
  t.is(await box.machine.get('/sys/block/sda/queue/read_ahead_kb'), '128')
})

test('what cannot be put back is said, and not tried again and again', async t => {
  const { box, rest, begun, changed } = await worldOf(t)
  await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: '1024' })
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  await box.machine.refuse('/sys/block/sda/queue/read_ahead_kb')
  await rest('PUT', '/tuning/settings/disk.sda.read-ahead', { value: null })
  for (let count = 0; count < 3; count++) {
    changed()
    await box.passes(aWhileMs)
    await begun()
  }
  t.deepEqual((await begun()).sort(), ['done', 'failed'])
})

/** A person who has seen that it begins. */
function cancelsAtOnce(box: TuningBox) {
  box.whileWatched(look => {
    if (look !== 1) return
    void box.jobs.list().then(all => {
      for (const { id, state } of all) if (state === 'running') void box.jobs.cancel(id)
    })
  })
}

/** Ends when a look is put off again. */
function untilPutOff(t: ExecutionContext, box: TuningBox): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = box.events.on('jobs/changed', () => {
    const look = () => (box.isPuttingOff() ? resolve() : setImmediate(look))
    look()
  })
  t.teardown(end)
  return promise
}
