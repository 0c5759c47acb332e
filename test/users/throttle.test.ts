import test from 'ava'
import { Failure } from '../../appliance/lib/failure.ts'
import { createLimit } from '../../appliance/users/service/limit.ts'
import { createThrottle, type Throttle } from '../../appliance/users/service/throttle.ts'
import { fakeClock } from '../helpers/people.ts'

function waitOf(throttle: Throttle, account: string, address: string): number {
  try {
    throttle.begin(account, address)
    return 0
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'throttled') throw error
    return Number(error.details.retryAfterSeconds)
  }
}

const fail = (throttle: Throttle, times: number, account: string, address = '192.0.2.1') => {
  for (let i = 0; i < times; i++) waitOf(throttle, account, address)
}

test('a few wrong passwords cost nothing, then each costs twice as long', t => {
  const clock = fakeClock()
  const throttle = createThrottle(clock)
  fail(throttle, 5, 'alice')
  t.is(waitOf(throttle, 'alice', '192.0.2.1'), 1)
  clock.advance(1_000)
  t.is(waitOf(throttle, 'alice', '192.0.2.1'), 0)
  t.is(waitOf(throttle, 'alice', '192.0.2.1'), 2)
  clock.advance(2_000)
  fail(throttle, 1, 'alice')
  t.is(waitOf(throttle, 'alice', '192.0.2.1'), 4)
})

test('a pause is never longer than five minutes, and all is forgotten after a while', t => {
  const clock = fakeClock()
  const throttle = createThrottle(clock)
  for (let i = 0; i < 30; i++) {
    fail(throttle, 1, 'alice', `192.0.2.${i}`)
    clock.advance(5 * 60_000)
  }
  fail(throttle, 1, 'alice', '192.0.2.99')
  t.is(waitOf(throttle, 'alice', '192.0.2.99'), 300)
  clock.advance(31 * 60_000)
  t.is(waitOf(throttle, 'alice', '192.0.2.99'), 0)
})

test('an attack on an account does not keep its owner out who has signed in from there before', t => {
  const throttle = createThrottle(fakeClock())
  throttle.begin('alice', '192.0.2.7').succeeded()
  fail(throttle, 50, 'alice', '203.0.113.5')
  t.true(waitOf(throttle, 'alice', '203.0.113.6') > 0)
  t.is(waitOf(throttle, 'alice', '192.0.2.7'), 0)
})

test('an address that tries many accounts is slowed down as well, its whole IPv6 network at once', t => {
  const throttle = createThrottle(fakeClock())
  for (let i = 0; i < 20; i++) fail(throttle, 1, `user${i}`, `2001:db8:1:2::${i}`)
  t.true(waitOf(throttle, 'other', '2001:db8:1:2:ffff::1') > 0)
  t.is(waitOf(throttle, 'other', '2001:db8:1:3::1'), 0)
})

test('many tries at once are counted before any of them has failed', t => {
  const throttle = createThrottle(fakeClock())
  const waits = Array.from({ length: 12 }, () => waitOf(throttle, 'alice', '192.0.2.1'))
  t.is(waits.filter(wait => wait === 0).length, 5)
})

test('right passwords are not counted', t => {
  const throttle = createThrottle(fakeClock())
  for (let i = 0; i < 100; i++) throttle.begin('alice', '192.0.2.1').succeeded()
  t.is(waitOf(throttle, 'alice', '192.0.2.1'), 0)
})

test('only so much work runs at once, and only so much waits', async t => {
  const limit = createLimit(2, 3)
  let active = 0
  let most = 0
  const release: (() => void)[] = []
  const work = () =>
    limit(async () => {
      active += 1
      most = Math.max(most, active)
      await new Promise<void>(resolve => release.push(resolve))
      active -= 1
    })
  const taken = Array.from({ length: 5 }, work)
  await t.throwsAsync(work(), { code: 'auth/busy' })
  while (release.length > 0 || active > 0) {
    release.shift()?.()
    await new Promise(resolve => setImmediate(resolve))
  }
  await Promise.all(taken)
  t.is(most, 2)
})
