import test from 'ava'
import { limitOf, usableBytes, usableWhenNew } from '../../../appliance/storage/plan/allocation.ts'
import { fillByChunks } from '../../../appliance/storage/plan/chunks.ts'
import { profileRules } from '../../../appliance/storage/plan/profile.ts'
import { type CreatableProfile, creatableProfile } from '../../../appliance/storage/schema.ts'

const gibibyte = 1024 ** 3
const terabyte = 1000 ** 4

test('well-known cases', t => {
  const limit = (profile: CreatableProfile, sizes: number[]) => limitOf(sizes, profileRules[profile])
  t.is(limit('single', [1000, 3000]), 4000)
  t.is(limit('raid1', [1000, 1000]), 1000)
  t.is(limit('raid1', [1000, 1000, 1000]), 1500)
  t.is(limit('raid1', [4000, 1000, 1000]), 2000)
  t.is(limit('raid1c3', [4000, 4000, 1000]), 1000)
  t.is(limit('raid1c3', [3000, 3000, 3000, 3000]), 4000)
  t.is(limit('raid10', [1000, 1000, 1000, 1000]), 2000)
  t.is(limit('raid5', [1000, 1000, 2000]), 2000)
  t.is(limit('raid6', [1000, 1000, 1000, 1000]), 2000)
  t.is(limit('raid1', [1000]), 0)
})

/** mulberry32: the same sizes in every run. */
function randomNumbers(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

for (const profile of creatableProfile.options) {
  test(`${profile}: the arithmetic agrees with filling chunk by chunk, over a hundred sets of disks`, t => {
    const random = randomNumbers(7)
    for (let round = 0; round < 100; round++) {
      const count = profileRules[profile].minimumDisks + Math.floor(random() * 5)
      const sizes = Array.from({ length: count }, () => Math.ceil((0.2 + random()) * 800) * gibibyte)
      const total = sizes.reduce((sum, size) => sum + size, 0)
      const filled = fillByChunks(sizes, profileRules[profile], total)
      const limit = limitOf(sizes, profileRules[profile])
      const difference = Math.abs(filled - limit) / filled
      t.true(
        difference < 0.01,
        `${profile} over ${sizes.map(size => size / gibibyte)}: ${filled} or ${limit}`,
      )
    }
  })

  test(`${profile}: another disk never makes less room, nor does a larger one`, t => {
    const random = randomNumbers(11)
    for (let round = 0; round < 50; round++) {
      const sizes = Array.from(
        { length: profileRules[profile].minimumDisks + 1 },
        () => (0.5 + random()) * 4 * terabyte,
      )
      const usable = usableWhenNew(sizes, profile)
      t.true(usableWhenNew([...sizes, terabyte * 8], profile) >= usable)
      t.true(
        usableWhenNew(
          sizes.map(size => size * 1.5),
          profile,
        ) >= usable,
      )
    }
  })
}

test('nothing is promised where nothing fits', t => {
  t.is(usableBytes([], 'single', 0), 0)
  t.is(usableBytes([-5, 0], 'raid1', 100), 0)
})

test('a plan over 24 large disks takes no time', t => {
  const startedAt = performance.now()
  for (const profile of creatableProfile.options)
    usableWhenNew(
      Array.from({ length: 24 }, () => 20 * terabyte),
      profile,
    )
  t.true(performance.now() - startedAt < 500)
})
