import test from 'ava'
import { retry } from '../../appliance/lib/retry.ts'

test('what fails is tried again until it succeeds', async t => {
  let tries = 0
  const act = async () => {
    tries += 1
    if (tries < 3) throw new Error('not yet')
    return 'done'
  }
  t.is(await retry(act, { withinMs: 60_000, pauseMs: 1 }), 'done')
  t.is(tries, 3)
})

test('what never succeeds fails as it did last', async t => {
  let tries = 0
  const act = async () => {
    tries += 1
    throw new Error(`failed ${tries} times`)
  }
  const failure = await t.throwsAsync(retry(act, { withinMs: 20, pauseMs: 5 }))
  t.true(tries > 1)
  t.is(failure?.message, `failed ${tries} times`)
})
