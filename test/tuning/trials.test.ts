import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createTuningStore } from '../../appliance/tuning/store.ts'
import { ofParts } from '../helpers/machine-text.ts'
import { tempFolder } from '../helpers/temp.ts'
import { tuningBox, well } from './box.ts'
import { fakeMachine, vm } from './fake-machine.ts'
import { aWhileMs, type World, worldOf } from './world.ts'

const ofSda = '/sys/block/sda/queue/scheduler'
const unsetSda = '[none] mq-deadline'
const scheduler = 'disk.sda.scheduler'
const stopped =
  'It was set before, and undone: The box, or Cairn on it, stopped while it was being watched with this.'

/** Each group is looked at twelve times. */
const firstLookAt = { memory: 1, disks: 13, faces: 25, servers: 37 }

test('a box that stopped while a group was watched is not set so again, says why, and can be by hand', async t => {
  const left = await killedAt(t, firstLookAt.disks)
  t.is(await left.machine.get(ofSda), 'mq-deadline')
  await left.machine.restart()
  const world = await worldOf(t, { from: left })
  const { box, rest, begun, changed } = world
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
  for (let count = 0; count < 3; count++) {
    await box.passes(aWhileMs)
    changed()
  }
  t.deepEqual(await begun(), ['failed'])
  t.is(await box.machine.get(ofSda), unsetSda)
  t.like(await settingOf(world, scheduler), { state: 'planned', problem: stopped })

  t.like(await box.ended((await rest('POST', '/tuning/apply')).body.job), { state: 'done', error: null })
  t.like(await settingOf(world, scheduler), { state: 'applied', problem: null })
  await box.machine.restart()
  await box.machine.agent()
  t.is(await box.machine.get(ofSda), 'mq-deadline')
})

test('where Cairn alone stopped, it puts that back when it starts, and goes on with the others', async t => {
  const left = await killedAt(t, firstLookAt.memory)
  t.is(await left.machine.get(`${vm}/swappiness`), '180')
  const world = await worldOf(t, { from: left, parts: ofParts })
  const { box, begun } = world
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  await box.passes(aWhileMs)
  t.deepEqual((await begun()).sort(), ['done', 'failed'])
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  t.is(await box.machine.get(ofSda), 'mq-deadline')
  t.like(await settingOf(world, 'vm.swappiness'), { state: 'planned', problem: stopped })
})

test('what parts of Cairn had taken up when the box stopped is given back before they start', async t => {
  const left = await killedAt(t, firstLookAt.servers)
  await left.machine.restart()
  const box = await tuningBox(t, [], { from: left, parts: ofParts })
  t.true('servers.count' in (await box.tuning.taken()))
  let told = 0
  box.tuning.onTaken(async () => void told++)
  await box.jobs.domain.start?.()
  await box.tuning.domain.start?.()
  t.deepEqual(Object.keys(await box.tuning.taken()), ['nfs.threads'])
  t.is(told, 0)
})

test('what a part took up when the box stopped is not taken up again before it is applied by hand', async t => {
  const left = await killedAt(t, firstLookAt.faces)
  await left.machine.restart()
  const world = await worldOf(t, { from: left, parts: ofParts })
  const { box, rest, begun } = world
  t.deepEqual(await box.tuning.taken(), {})
  await box.passes(aWhileMs)
  t.deepEqual((await begun()).sort(), ['done', 'failed'])
  t.deepEqual(Object.keys(await box.tuning.taken()), ['servers.count', 'tls.ciphers'])
  t.like(await settingOf(world, 'nfs.threads'), { state: 'planned', problem: stopped })
  await box.ended((await rest('POST', '/tuning/apply?name=nfs.threads')).body.job)
  t.like(await settingOf(world, 'nfs.threads'), { state: 'applied', problem: null })
})

test('what is about to be watched is not shown as what did not hold', async t => {
  const world = await worldOf(t)
  const { box, begun } = world
  const call = box.agent.call
  const shown: object[] = []
  box.agent.call = async (name, input, options) => {
    if (name === 'tuning/apply') shown.push(await settingOf(world, 'vm.swappiness'))
    return call(name, input, options)
  }
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  t.like(shown[0], { state: 'planned', problem: null })
})

test('a process that starts while another one watches leaves that to it', async t => {
  const { box, begun } = await worldOf(t, { parts: ofParts })
  const seen: unknown[] = []
  box.whileWatched(async look => {
    if (look !== firstLookAt.disks && look !== firstLookAt.faces) return
    await box.another()
    seen.push(await box.machine.get(ofSda), Object.keys(await box.tuning.taken()))
  })
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['done'])
  t.deepEqual(seen, ['mq-deadline', [], 'mq-deadline', ['nfs.threads']])
})

test('what a server process was watching when it ended is put back by the next, though the agent goes on', async t => {
  const box = await tuningBox(t)
  const settings = [{ name: scheduler, value: 'mq-deadline' }]
  await createTuningStore(box.database).noteUndone([
    { setting: scheduler, value: 'mq-deadline', reason: 'It stopped.', undoneAt: 1 },
    { setting: 'vm.swappiness', value: '180', reason: 'It stopped.', undoneAt: 1 },
  ])
  await box.agent.call('tuning/apply', { settings: [...settings, { name: 'vm.swappiness', value: '100' }] })
  await box.tuning.domain.start?.()
  t.is(await box.machine.get(ofSda), 'none')
  t.is(await box.machine.get(`${vm}/swappiness`), '100')
})

test('who cancels it learns nothing about the settings, and what was known of them before stays', async t => {
  const world = await worldOf(t)
  const { box, rest, begun } = world
  box.whileWatched(look => {
    if (look === firstLookAt.memory) box.becomes({ state: 'danger', issues: [] })
  })
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['failed'])
  box.becomes(well)
  const { problem } = await settingOf(world, 'vm.swappiness')
  t.regex(problem, /The box did worse with it/)

  await rest('POST', '/tuning/revert', { name: scheduler })
  // A kernel goes on to offer the others.
  const offersOthers = () => box.machine.put(ofSda, `${unsetSda}\n`)
  await offersOthers()
  box.whileWatched(cancelsOnce(box))
  t.like(await box.ended((await rest('POST', '/tuning/apply')).body.job), { state: 'cancelled' })
  box.whileWatched(cancelsOnce(box))
  t.like(await box.ended((await rest('POST', `/tuning/apply?name=${scheduler}`)).body.job), {
    state: 'cancelled',
  })
  await offersOthers()
  t.like(await settingOf(world, 'vm.swappiness'), { state: 'planned', problem })
  t.like(await settingOf(world, scheduler), { state: 'planned', problem: null })
})

test('an agent that started anew meanwhile speaks against no setting: it is set and watched again', async t => {
  const world = await worldOf(t)
  const { box, begun, changed } = world
  box.whileWatched(async look => {
    if (look === firstLookAt.memory) await box.machine.agent()
  })
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['failed'])
  t.is(await box.machine.get(`${vm}/swappiness`), '60')
  t.like(await settingOf(world, 'vm.swappiness'), { state: 'planned', problem: null })
  changed()
  await box.passes(aWhileMs)
  t.deepEqual((await begun()).sort(), ['done', 'failed'])
  t.is(await box.machine.get(`${vm}/swappiness`), '180')
})

test('a disk that went and came back while its group was watched stays as it came', async t => {
  const world = await worldOf(t)
  const { box, begun, changed } = world
  box.whileWatched(async look => {
    if (look !== firstLookAt.disks) return
    await box.machine.put(ofSda, `${unsetSda}\n`)
    await box.tuning.hardwareChanged()
  })
  await box.passes(aWhileMs)
  changed()
  await box.passes(aWhileMs)
  t.deepEqual(await begun(), ['failed'])
  t.is(await box.machine.get(ofSda), unsetSda)
  t.like(await settingOf(world, scheduler), {
    state: 'planned',
    problem:
      'It was set before, and undone: disk.sda.scheduler was set to mq-deadline, and is none. So all of it went back to what was found.',
  })
})

/** What a Cairn leaves that is killed at this look. */
async function killedAt(t: ExecutionContext, look: number) {
  const machine = await fakeMachine(t)
  const databasePath = join(await tempFolder(t), 'cairn.db')
  const program = join(import.meta.dirname, 'killed-while-watched.ts')
  const args = [program, machine.root, machine.dataDir, databasePath, `${look}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [, signal] = await once(child, 'exit')
  t.is(signal, 'SIGKILL')
  return { machine, databasePath }
}

async function settingOf({ rest }: World, name: string) {
  const { settings } = (await rest('GET', '/tuning')).body
  return settings.find((setting: { name: string }) => setting.name === name)
}

/** A person who has seen that it begins. */
function cancelsOnce({ jobs }: World['box']) {
  let isDone = false
  return async () => {
    if (isDone) return
    isDone = true
    for (const { id, state } of await jobs.list()) if (state === 'running') await jobs.cancel(id)
  }
}
