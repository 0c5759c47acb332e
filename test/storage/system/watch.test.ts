import test from 'ava'
import { silentLog } from '../../../appliance/lib/log.ts'
import type { PoolFacts } from '../../../appliance/storage/schema.ts'
import { createWatch } from '../../../appliance/storage/system/watch.ts'

type Moment = Partial<PoolFacts> & { isGone?: boolean; writeErrors?: number }

function facts({ isGone = false, writeErrors = 0, ...rest }: Moment): PoolFacts {
  const errors = { write: writeErrors, read: 0, flush: 0, corruption: 0, generation: 0 }
  const member = {
    devid: 1,
    path: '/dev/x',
    sizeBytes: 1,
    allocatedBytes: 0,
    isMissing: false,
    isGone,
    errors,
  }
  return {
    isMounted: true,
    isReadOnly: false,
    activity: 'none',
    members: [member],
    chunks: [],
    space: null,
    ...rest,
  }
}

/** What the watch asks for after having seen these moments one after the other. */
async function healAfter(...moments: Moment[]): Promise<boolean> {
  let now: Moment = {}
  const watch = createWatch({
    facts: async () => new Map([['pool', facts(now)]]),
    changed: () => undefined,
    log: silentLog,
  })
  let isAsked = false
  for (const moment of moments) {
    now = moment
    await watch.look()
    isAsked = watch.takeHeal('pool')
  }
  return isAsked
}

const away = { isGone: true, writeErrors: 5 }
const back = { writeErrors: 5 }

test('a disk that is back and missed something is to be healed, once', async t => {
  t.true(await healAfter({}, away, back))
  t.false(await healAfter({}, away, back, back))
  t.false(await healAfter({}, away))
  t.false(await healAfter({}, {}))
})

test('what was missed before the first look counts too', async t => {
  t.true(await healAfter(back))
})

test('a look while the pool was unmounted, read-only or busy does not make it forget', async t => {
  t.true(await healAfter({}, away, { isMounted: false, members: [] }, back))
  t.true(await healAfter({}, away, { ...back, isReadOnly: true }, back))
  t.true(await healAfter({}, away, { ...back, activity: 'scrub' }, back))
})

test('errors without a disk having been seen away ask once, not again at every further error', async t => {
  t.true(await healAfter({}, back))
  t.false(await healAfter({}, back, { writeErrors: 6 }))
})

test('what somebody was told between two looks is said at the next one, also when it has passed', async t => {
  const said: string[] = []
  const watch = createWatch({
    facts: async () => new Map([['pool', facts({})]]),
    changed: pool => said.push(pool),
    log: silentLog,
  })
  watch.saw('pool', facts({}))
  await watch.look()
  t.deepEqual(said, [])
  watch.saw('pool', facts({ isReadOnly: true }))
  await watch.look()
  t.deepEqual(said, ['pool'])
  watch.saw('pool', facts({}))
  await watch.look()
  t.deepEqual(said, ['pool'])
})

test('also what was told before the first look', async t => {
  const said: string[] = []
  const watch = createWatch({
    facts: async () => new Map([['pool', facts({})]]),
    changed: pool => said.push(pool),
    log: silentLog,
  })
  watch.saw('pool', facts({ isReadOnly: true }))
  await watch.look()
  t.deepEqual(said, ['pool'])
})
