import test from 'ava'
import type { Volume } from '../../appliance/files/index.ts'
import type { Retention } from '../../appliance/files/service/history/retention.ts'
import { createSchedule } from '../../appliance/files/service/history/schedule.ts'
import { Failure } from '../../appliance/lib/failure.ts'
import { createLog } from '../../appliance/lib/log.ts'

const volume = (name: string, pool: string): Volume => ({
  kind: 'share',
  name,
  pool,
  path: `/nowhere/${name}`,
  right: 'write',
  isAvailable: true,
  isReadOnly: false,
})
const volumes = [volume('a', 'one'), volume('b', 'one'), volume('c', 'two')]

function start(given: Partial<Retention> = {}) {
  const done: string[] = []
  const logged: string[] = []
  const names = (some: readonly Volume[]) => some.map(({ name }) => name).join('')
  const retention: Retention = {
    tidy: async some => void done.push(`tidy ${names(some)}`),
    thinSome: ({ name }, ids) => void done.push(`thin ${name} ${[...ids]}`),
    makeRoomWhereShort: async some => void done.push(`room ${names(some)}`),
    usage: () => Promise.reject(new Error('not asked')),
    freeBytes: () => 0,
    ...given,
  }
  const log = createLog('test', 'warn', line => void logged.push(line))
  const schedule = createSchedule({ retention, everyVolume: () => volumes, log, now: Date.now })
  return { schedule, done, logged }
}

test('who finds no space has room made in that pool at once, and one thing is done after the other', async t => {
  const { schedule, done } = start()
  const tidied = schedule.tidy()
  for (const one of volumes) schedule.pressed(one)
  await tidied
  await schedule.stop()
  t.deepEqual(done, ['tidy abc', 'room ab', 'room c'])
})

test('a pool that is away does not end it, and what is a mistake is logged', async t => {
  let error: Error = new Failure('unavailable', 'files/away', 'away')
  const { schedule, done, logged } = start({ makeRoomWhereShort: () => Promise.reject(error) })
  schedule.pressed(volumes[0] as Volume)
  await schedule.tidy()
  t.deepEqual([done, logged.length], [['tidy abc'], 0])
  error = new Error('a mistake')
  schedule.pressed(volumes[0] as Volume)
  await schedule.stop()
  t.is(logged.length, 1)
})
