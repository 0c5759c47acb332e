import test from 'ava'
import { snapshotIdAt, timeOfSnapshot } from '../../../appliance/storage/plan/snapshot-id.ts'

test('a snapshot is named by its second in UTC, and the name gives the time back', t => {
  const id = snapshotIdAt(Date.UTC(2026, 10, 22, 5, 31, 7, 900))
  t.is(id, '@GMT-2026.11.22-05.31.07')
  t.is(timeOfSnapshot(id), '2026-11-22T05:31:07.000Z')
})

test('other names are no snapshots', t => {
  for (const name of ['@GMT-2026.13.22-05.31.07', '@GMT-2026.11.22', 'shares', '@GMT-2026.11.22-05.31.07/x'])
    t.is(timeOfSnapshot(name), undefined)
})
