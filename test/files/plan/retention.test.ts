import test from 'ava'
import { Ages, bytesToFree, leastFreeBytes } from '../../../appliance/files/plan/space.ts'
import { superfluous } from '../../../appliance/files/plan/thinning.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const now = 1_795_294_250_000

/** The ages of those that stay. */
function staying(ages: number[], labelled: number[] = []): number[] {
  const versions = ages.map(age => ({
    name: String(age),
    keptAtMs: now - age,
    isLabelled: labelled.includes(age),
  }))
  const dropped = new Set(superfluous(versions, now))
  return ages.filter(age => !dropped.has(String(age)))
}

const every = (step: number, from: number, to: number) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)

const table: [what: string, step: number, from: number, to: number, left: number][] = [
  ['one in two seconds at first', second, 0, 10 * second, 2 * second],
  ['one in ten seconds of the first minute', 5 * second, 10 * second, minute, 10 * second],
  ['one a minute of the first hour', 20 * second, minute, hour, minute],
  ['one an hour of the first day', 10 * minute, hour, day, hour],
  ['one a day of the first month', 6 * hour, day, 30 * day, day],
  ['one a week after that', day, 30 * day, 400 * day, 7 * day],
]

for (const [what, step, from, to, interval] of table)
  test(`of versions stays ${what}`, t => {
    const left = staying(every(step, from, to))
    const wanted = (to - from) / interval
    t.true(Math.abs(left.length - wanted) < 2, `${left.length} of ${wanted}`)
    t.deepEqual(staying(left), left)
    const gaps = left.slice(1).map((age, index) => age - (left[index] ?? 0))
    t.true(Math.max(...gaps) < 2 * interval)
    t.is(left[0], from)
  })

test('one version stays, however old', t => {
  t.deepEqual(staying([]), [])
  t.deepEqual(staying([400 * day]), [400 * day])
})

test('a version with a label stays, and makes no other one go', t => {
  t.deepEqual(staying([100, 200, 300]), [100])
  t.deepEqual(staying([100, 200, 300], [200]), [100, 200])
  t.deepEqual(staying([100, 200, 300], [100]), [100, 200])
})

test('an hour of saving every second leaves about sixty versions at any moment', t => {
  let kept: number[] = []
  for (let at = 0; at < hour; at += second) {
    kept.push(at)
    const versions = kept.map(time => ({ name: String(time), keptAtMs: time, isLabelled: false }))
    const dropped = new Set(superfluous(versions, at))
    kept = kept.filter(time => !dropped.has(String(time)))
    if (kept.length > 75) t.fail(`${kept.length} versions after ${at / second} seconds`)
  }
  t.true(kept.length > 55, String(kept.length))
})

const gib = 1024 ** 3

test('a pool keeps a tenth free, at least 1 GiB, of a small one a fifth', t => {
  t.is(leastFreeBytes(1000 * gib), 100 * gib)
  t.is(leastFreeBytes(8 * gib), gib)
  t.is(leastFreeBytes(2 * gib), Math.floor((2 * gib) / 5))
})

test('history gives way where space is short, and where it takes more than half of what files leave', t => {
  const free = (totalGib: number, freeGib: number, historyGib: number) =>
    bytesToFree({ totalBytes: totalGib * gib, freeBytes: freeGib * gib, historyBytes: historyGib * gib }) /
    gib
  t.is(free(1000, 500, 100), 0)
  t.is(free(1000, 90, 50), 10)
  t.is(free(1000, 0, 50), 50)
  t.is(free(1000, 0, 500), 250)
  t.is(free(1000, 200, 300), 50)
  t.is(free(1000, 200, 200), 0)
  t.is(free(1000, 90, 0), 0)
})

test('what goes is the oldest, by the hour', t => {
  const ages = new Ages()
  for (const [at, bytes] of [
    [5 * hour, 10],
    [hour, 10],
    [hour + minute, 10],
    [3 * hour, 10],
  ] as const)
    ages.add(at, bytes)
  t.is(ages.cutoffMs(0), hour)
  t.is(ages.cutoffMs(1), 3 * hour)
  t.is(ages.cutoffMs(20), 3 * hour)
  t.is(ages.cutoffMs(21), 5 * hour)
  t.is(ages.cutoffMs(40), Number.POSITIVE_INFINITY)
  t.is(ages.cutoffMs(99), Number.POSITIVE_INFINITY)
})
