import test from 'ava'
import { inTurn, intervalOf, percentOf, ratiosOf, verdictOf } from '../../scripts/bench-parts/pairs.ts'
import { createRandom } from '../helpers/random.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

test('the interval leaves out as many at the ends as the table of order statistics says', t => {
  // The ranks that the sign test gives for a median, two-sided, 0.05.
  for (const [count, low] of [
    [6, 1],
    [8, 1],
    [9, 2],
    [10, 2],
    [12, 3],
    [15, 4],
    [20, 6],
    [30, 10],
  ] as const)
    t.like(intervalOf(upTo(count)), { low, high: count + 1 - low }, `${count}`)
})

test('the median of an even number is the mean of the middle two', t => {
  t.is(intervalOf([1, 2, 3, 4, 5, 60]).median, 3.5)
  t.is(intervalOf([7, 1, 2, 3, 4, 5, 60]).median, 4)
})

test('one pair that something came between moves nothing', t => {
  const calm = [1.01, 1.02, 0.99, 1, 1.01, 1.03, 1, 0.98, 1.02, 1.01]
  const disturbed = calm.map((ratio, index) => (index === 4 ? 9 : ratio))
  t.true(intervalOf(disturbed).high <= 1.03)
})

test('five pairs make no interval', t => {
  t.throws(() => intervalOf([1, 1, 1, 1, 1]), { message: /at least 6 pairs/ })
})

test('the interval holds the true median about as often as it says', t => {
  const random = createRandom(1)
  const rounds = 4000
  let held = 0
  for (let round = 0; round < rounds; round += 1) {
    // A long tail to one side, as times have it; its median is 0.125.
    const { low, high } = intervalOf(
      Array.from({ length: 10 }, () => (random.below(1_000_000) / 1_000_000) ** 3),
    )
    if (low <= 0.125 && high >= 0.125) held += 1
  }
  t.true(held / rounds > 0.965 && held / rounds < 0.99, `${held / rounds}`)
})

test('only what lies wholly below -3 % is a failure; what holds zero is nothing measurable', t => {
  const verdict = (low: number, high: number) => verdictOf({ median: (low + high) / 2, low, high })
  t.is(verdict(0.9, 0.969), 'SLOWER')
  t.is(verdict(0.9, 0.971), 'slower, within what is tolerated')
  t.is(verdict(0.9, 1.1), 'nothing measurable')
  t.is(verdict(1.001, 1.1), 'faster')
  t.is(percentOf(1.013), '+1.3 %')
  t.is(percentOf(0.97), '-3.0 %')
})

test('the works alternate, each is first as often, and the first time counts for nobody', async t => {
  const done: string[] = []
  const work = (name: string, seconds: number) => async () => {
    done.push(name)
    return seconds
  }
  const took = await inTurn(4, [work('a', 1), work('b', 2)])
  t.is(done.join(''), 'ab' + 'ab' + 'ba' + 'ab' + 'ba')
  t.deepEqual(took, [
    [1, 1, 1, 1],
    [2, 2, 2, 2],
  ])
  t.deepEqual(ratiosOf([1, 2], [2, 2]), [2, 1])
})
