import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { createLog, type Log, silentLog } from '../../../appliance/lib/log.ts'
import { createApplying } from '../../../appliance/tuning/system/applying.ts'
import { testIf } from '../../helpers/needs.ts'
import { tempFolder } from '../../helpers/temp.ts'
import { type FakeAgent, fakeMachine, vm } from '../fake-machine.ts'

const swappiness = { name: 'vm.swappiness', value: '180' }
const pageCluster = { name: 'vm.page-cluster', value: '0' }
const scheduler = { name: 'disk.sda.scheduler', value: 'mq-deadline' }
const schedulerFile = '/sys/block/sda/queue/scheduler'
const unsetScheduler = '[none] mq-deadline'

/** Set, watched, and found good. */
async function setForGood(agent: FakeAgent, settings: { name: string; value: string }[]) {
  await agent.call('tuning/apply', { settings })
  await agent.call('tuning/keep', { names: settings.map(({ name }) => name) })
}

test('a group is set, what was found is kept, and one or all are put back', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  t.deepEqual(await agent.call('tuning/apply', { settings: [swappiness, pageCluster] }), [
    { ...swappiness, found: '60', isSet: true },
    { ...pageCluster, found: '3', isSet: true },
  ])
  t.is(await machine.get(`${vm}/swappiness`), '180')
  t.deepEqual(await agent.call('tuning/revert', { names: ['vm.swappiness'] }), {
    reverted: ['vm.swappiness'],
    failed: [],
  })
  t.is(await machine.get(`${vm}/swappiness`), '60')
  t.is(await machine.get(`${vm}/page-cluster`), '0')
  await agent.call('tuning/revert', { names: null })
  t.is(await machine.get(`${vm}/page-cluster`), '3')
  t.deepEqual(await agent.call('tuning/applied', {}), [])
})

test('set twice, it still goes back to what was found first', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  await agent.call('tuning/apply', { settings: [swappiness] })
  await agent.call('tuning/apply', { settings: [{ ...swappiness, value: '100' }] })
  t.is(await machine.get(`${vm}/swappiness`), '100')
  await agent.call('tuning/revert', { names: null })
  t.is(await machine.get(`${vm}/swappiness`), '60')
})

test('one setting that is not taken undoes its whole group, and no other', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  await agent.call('tuning/apply', { settings: [pageCluster] })
  await machine.refuse(schedulerFile)
  const error = await t.throwsAsync(
    agent.call('tuning/apply', { settings: [swappiness, { ...pageCluster, value: '1' }, scheduler] }),
  )
  t.like(error, { code: 'tuning/not-applied', details: { reason: 'tuning/not-taken', problems: [] } })
  t.is(await machine.get(`${vm}/swappiness`), '60')
  t.is(await machine.get(`${vm}/page-cluster`), '0')
  t.deepEqual(await agent.call('tuning/applied', {}), [{ ...pageCluster, found: '3', isSet: true }])
})

test('what could not be put back is named, and can be put back later', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  await machine.refuse(schedulerFile)
  // Files that stand for a kernel do not take the bytes back when the share of the memory is written.
  const dirty = { name: 'vm.dirty', value: '268435456' }
  t.like(await t.throwsAsync(agent.call('tuning/apply', { settings: [dirty, scheduler] })), {
    code: 'tuning/not-applied',
    details: { problems: [{ name: 'vm.dirty' }] },
  })
  t.deepEqual(await agent.call('tuning/applied', {}), [{ ...dirty, found: '20%', isSet: true }])
  t.like(await agent.call('tuning/revert', { names: null }), { reverted: [], failed: [{ name: 'vm.dirty' }] })
  await machine.put(`${vm}/dirty_bytes`, '0\n')
  t.like(await agent.call('tuning/revert', { names: null }), { reverted: ['vm.dirty'], failed: [] })
})

test('a disk that comes back leaves alone what somebody has changed elsewhere meanwhile', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  await setForGood(agent, [swappiness, scheduler])
  await machine.put(`${vm}/swappiness`, '50\n')
  await machine.put(schedulerFile, '[none] mq-deadline\n')
  t.deepEqual(await agent.call('tuning/renew-hardware', {}), { renewed: ['disk.sda.scheduler'], failed: [] })
  t.is(await machine.get(`${vm}/swappiness`), '50')
})

test('the agent sets no file that is not in its list, and no value that makes no sense', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  const apply = (name: string, value: string) => agent.call('tuning/apply', { settings: [{ name, value }] })
  for (const name of [
    'kernel.core-pattern',
    'disk.sdb.scheduler',
    'disk.sda.scheduler.more',
    'vm.overcommit',
  ])
    t.like(await t.throwsAsync(apply(name, '1')), { details: { reason: 'tuning/no-setting' } }, name)
  for (const name of ['../../etc/passwd', 'vm/swappiness', '/proc/sys/vm/swappiness', 'vm.swappiness\n', ''])
    t.like(await t.throwsAsync(apply(name, '1')), { code: 'agent/invalid-input' }, name)
  for (const value of ['201', '-1', '60; rm', 'sixty', '6e1', ' 60'])
    t.like(
      await t.throwsAsync(apply('vm.swappiness', value)),
      { details: { reason: 'tuning/bad-value' } },
      value,
    )
  t.like(await t.throwsAsync(apply('vm.swappiness', '60\n60')), { code: 'agent/invalid-input' })
  t.is(await machine.get(`${vm}/swappiness`), '60')
})

test('only what is mounted right below the folder of the pools is a pool to the agent', async t => {
  const machine = await fakeMachine(t)
  const mounts = ['/mnt/other', '/srv/cairn/pool/deep', '/srv/cairn/Upper', '/srv/cairn-two/pool', '/']
  const lines = mounts.map(place => `61 29 0:45 / ${place} rw - btrfs /dev/sda rw,compress=zstd:1,subvol=/\n`)
  await machine.put('/proc/self/mountinfo', lines.join(''))
  const agent = await machine.agent()
  for (const name of ['other', 'deep', 'Upper', 'pool', 'mnt'])
    for (const setting of ['compression', 'layout', 'discard'])
      t.like(
        await t.throwsAsync(
          agent.call('tuning/apply', { settings: [{ name: `pool.${name}.${setting}`, value: 'none' }] }),
        ),
        { details: { reason: 'tuning/no-setting' } },
        name,
      )
})

test('a pool takes no other values than those of its options', async t => {
  const machine = await fakeMachine(t)
  const mount = '61 29 0:45 / /srv/cairn/pool rw - btrfs /dev/sda rw,compress=zstd:1,subvol=/\n'
  await machine.put('/proc/self/mountinfo', mount)
  const agent = await machine.agent()
  for (const [setting, value] of [
    ['compression', 'zstd:16'],
    ['compression', 'none,suid'],
    ['compression', 'force:zstd:1'],
    ['layout', 'ssd,dev'],
    ['layout', 'none'],
    ['discard', 'async,exec'],
  ])
    t.like(
      await t.throwsAsync(
        agent.call('tuning/apply', { settings: [{ name: `pool.pool.${setting}`, value: value ?? '' }] }),
      ),
      { details: { reason: 'tuning/bad-value' } },
      value,
    )
})

test('stopping the agent puts everything back, and starting it sets it again', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  await setForGood(first, [swappiness])
  await first.stop()
  t.is(await machine.get(`${vm}/swappiness`), '60')
  const second = await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '180')
  await second.call('tuning/revert', { names: null })
  t.is(await machine.get(`${vm}/swappiness`), '60')
})

test('an agent that died does not take its own value for what was found', async t => {
  const machine = await fakeMachine(t)
  await setForGood(await machine.agent(), [swappiness])
  const next = await machine.agent()
  t.deepEqual(await next.call('tuning/applied', {}), [{ ...swappiness, found: '60', isSet: true }])
  await next.call('tuning/revert', { names: null })
  t.is(await machine.get(`${vm}/swappiness`), '60')
})

test('after a restart of the machine it is set again, and goes back to what is found then', async t => {
  const machine = await fakeMachine(t)
  await setForGood(await machine.agent(), [swappiness])
  await machine.restart()
  await machine.put(`${vm}/swappiness`, '70\n')
  const next = await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '180')
  await next.call('tuning/revert', { names: null })
  t.is(await machine.get(`${vm}/swappiness`), '70')
})

test('a disk that is away is set when it comes back', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  await setForGood(first, [scheduler, swappiness])
  await first.stop()
  await machine.remove('/sys/block/sda')
  const next = await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '180')
  t.like(await next.call('tuning/applied', {}), [{ isSet: false, found: null }, { isSet: true }])
  await machine.put(schedulerFile, '[none] mq-deadline\n')
  t.deepEqual(await next.call('tuning/renew-hardware', {}), { renewed: ['disk.sda.scheduler'], failed: [] })
  t.is(await machine.get(schedulerFile), 'mq-deadline')
})

test('what was not watched to its end is not set again after a restart of the machine, and is forgotten', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  await setForGood(first, [pageCluster])
  await first.call('tuning/apply', { settings: [swappiness] })
  await machine.restart()
  await machine.put(`${vm}/swappiness`, '70\n')
  const next = await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '70')
  t.is(await machine.get(`${vm}/page-cluster`), '0')
  t.deepEqual(await next.call('tuning/applied', {}), [{ ...pageCluster, found: '3', isSet: true }])
})

test('where the agent alone died, it puts back what was being watched', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  await setForGood(first, [pageCluster])
  await first.call('tuning/apply', { settings: [swappiness, scheduler] })
  const { log, lines } = logOf()
  const next = await machine.agent(log)
  t.is(await machine.get(`${vm}/swappiness`), '60')
  t.is(await machine.get(schedulerFile), 'none')
  t.is(await machine.get(`${vm}/page-cluster`), '0')
  t.like(await next.call('tuning/applied', {}), [pageCluster])
  t.like(
    lines.find(({ level }) => level === 'warn'),
    {
      message: 'settings that were being watched when Cairn stopped are not set again',
      names: ['vm.swappiness', 'disk.sda.scheduler'],
    },
  )
})

test('an agent that stops puts back what is being watched too, and does not set it again', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  await first.call('tuning/apply', { settings: [swappiness] })
  await first.stop()
  t.is(await machine.get(`${vm}/swappiness`), '60')
  const next = await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '60')
  t.deepEqual(await next.call('tuning/applied', {}), [])
})

test('another value for what has held is on trial like the first', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  await setForGood(first, [swappiness])
  await first.call('tuning/apply', { settings: [{ ...swappiness, value: '100' }] })
  const next = await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '60')
  t.deepEqual(await next.call('tuning/applied', {}), [])
})

test('what has held stays so when another value for it cannot be set', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  await setForGood(first, [swappiness])
  await machine.refuse(schedulerFile)
  const wrong = [{ ...swappiness, value: '100' }, scheduler]
  t.like(await t.throwsAsync(first.call('tuning/apply', { settings: wrong })), {
    code: 'tuning/not-applied',
  })
  await machine.restart()
  await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '180')
})

test('what could not be put back is tried again by the next agent, and is not set again', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  // Files that stand for a kernel do not take the bytes back when the share of the memory is written.
  const dirty = { name: 'vm.dirty', value: '268435456' }
  await first.call('tuning/apply', { settings: [dirty, swappiness] })
  const second = await machine.agent()
  t.deepEqual(await second.call('tuning/applied', {}), [{ ...dirty, found: '20%', isSet: true }])
  await machine.put(`${vm}/dirty_bytes`, '0\n')
  const third = await machine.agent()
  t.deepEqual(await third.call('tuning/applied', {}), [])
  t.is(await machine.get(`${vm}/dirty_bytes`), '0')
})

test('a disk that comes back while its setting is watched stays as it came, and is not found good', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  await agent.call('tuning/apply', { settings: [swappiness, scheduler] })
  await machine.remove('/sys/block/sda')
  const keep = () => agent.call('tuning/keep', { names: ['vm.swappiness', 'disk.sda.scheduler'] })
  t.like(await t.throwsAsync(keep()), {
    code: 'tuning/not-holding',
    message: 'disk.sda.scheduler was set to mq-deadline, and is not there any more.',
  })
  await machine.put(schedulerFile, `${unsetScheduler}\n`)
  t.deepEqual(await agent.call('tuning/renew-hardware', {}), { renewed: [], failed: [] })
  t.is(await machine.get(schedulerFile), unsetScheduler)
  t.like(await t.throwsAsync(keep()), {
    code: 'tuning/not-holding',
    message: 'disk.sda.scheduler was set to mq-deadline, and is none.',
  })
  t.like(await agent.call('tuning/revert', { names: ['disk.sda.scheduler'] }), { failed: [] })
  // None of the group was found good with it.
  await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '60')
})

test('a disk that was away when the agent started stays as it comes back, where its setting was being watched', async t => {
  const machine = await fakeMachine(t)
  const first = await machine.agent()
  await first.call('tuning/apply', { settings: [scheduler] })
  await machine.remove('/sys/block/sda')
  const next = await machine.agent()
  t.deepEqual(await next.call('tuning/applied', {}), [])
  await machine.put(schedulerFile, `${unsetScheduler}\n`)
  t.deepEqual(await next.call('tuning/renew-hardware', {}), { renewed: [], failed: [] })
  t.is(await machine.get(schedulerFile), unsetScheduler)
})

test('only what is set is kept, by names that are checked, and twice is as good as once', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  await agent.call('tuning/apply', { settings: [swappiness] })
  const keep = (...names: string[]) => agent.call('tuning/keep', { names })
  t.like(await t.throwsAsync(keep('vm.swappiness', 'vm.page-cluster')), { code: 'tuning/not-watched' })
  for (const names of [[], ['/proc/sys/vm/swappiness'], ['vm.swappiness\n'], ['../applied.json']])
    t.like(await t.throwsAsync(keep(...names)), { code: 'agent/invalid-input' })
  await keep('vm.swappiness')
  await keep('vm.swappiness')
  await machine.restart()
  await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '180')
})

test('what an earlier version has kept counts as found good', async t => {
  const machine = await fakeMachine(t)
  const settings = { 'vm.swappiness': { found: '60', value: '180', isSet: true } }
  await mkdir(join(machine.dataDir, 'tuning'), { mode: 0o700 })
  await writeFile(
    join(machine.dataDir, 'tuning', 'applied.json'),
    JSON.stringify({ boot: 'start-0', settings }),
  )
  await machine.agent()
  t.is(await machine.get(`${vm}/swappiness`), '180')
})

test('what was set and cannot be read any more stops the tuning, and is not forgotten', async t => {
  const machine = await fakeMachine(t)
  const agent = await machine.agent()
  await agent.call('tuning/apply', { settings: [swappiness] })
  const file = join(machine.dataDir, 'tuning', 'applied.json')
  await writeFile(file, '{"boot": 7')
  t.like(await t.throwsAsync(agent.call('tuning/revert', { names: null })), { code: 'tuning/kept-broken' })
  t.is(await readFile(file, 'utf8'), '{"boot": 7')
})

test('a folder that somebody else put there is not used', async t => {
  const machine = await fakeMachine(t)
  const elsewhere = await tempFolder(t)
  await symlink(elsewhere, join(machine.dataDir, 'tuning'))
  const agent = await machine.agent()
  t.like(await t.throwsAsync(agent.call('tuning/apply', { settings: [swappiness] })), {
    code: 'tuning/foreign-folder',
  })
  t.is(await machine.get(`${vm}/swappiness`), '60')
})

testIf('root')('the real kernel takes a setting and gives it back', async t => {
  const file = '/proc/sys/vm/page-cluster'
  const found = (await readFile(file, 'utf8')).trim()
  t.teardown(() => writeFile(file, found).catch(() => undefined))
  const folder = join(await tempFolder(t), 'tuning')
  await mkdir(folder, { mode: 0o700 })
  const applying = createApplying({ root: '/', poolsDir: '/nowhere', folder, log: silentLog })
  const other = found === '2' ? '4' : '2'
  try {
    await applying.apply([{ name: 'vm.page-cluster', value: other }])
  } catch (error) {
    t.like(error, { code: 'tuning/not-applied' })
    t.log('This machine lets nobody set it, and says so.')
    t.is((await readFile(file, 'utf8')).trim(), found)
    return
  }
  t.is((await readFile(file, 'utf8')).trim(), other)
  await applying.revert(null)
  t.is((await readFile(file, 'utf8')).trim(), found)
})

/** What it wrote, line by line. */
function logOf(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  return { log: createLog('test', 'info', line => lines.push(JSON.parse(line))), lines }
}
