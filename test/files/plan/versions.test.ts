import test from 'ava'
import {
  davVersionNames,
  distinct,
  kindOfVersion,
  parseVersionName,
  versionName,
} from '../../../appliance/files/plan/versions.ts'

test('names of versions sort by time and say what they are', t => {
  t.is(versionName(1_500_000_000_000, 'a1'), '1500000000000-a1')
  t.is(versionName(-5, 'a1'), '0000000000000-a1')
  t.deepEqual(parseVersionName('1500000000000-a1'), { modifiedAtMs: 1_500_000_000_000, token: 'a1' })
  t.is(kindOfVersion('current'), 'current')
  t.is(kindOfVersion('1500000000000-a1'), 'kept')
  t.is(kindOfVersion('@GMT-2026.11.22-05.31.00'), 'snapshot')
  for (const id of ['', '..', '@GMT-', '@GMT-../../..', '1500000000000-a1/..', 'label'])
    t.is(kindOfVersion(id), undefined, id)
})

test('snapshots that hold the same content are shown once, and not where it is there already', t => {
  const mark = (inode: number, generation = 1) => ({
    inode,
    size: 3,
    modifiedSeconds: 5,
    modifiedNanoseconds: 7,
    generation,
  })
  const snapshots = [mark(1), mark(2), mark(2), mark(3), mark(2), mark(3, 2)].map((one, index) => ({
    index,
    mark: one,
  }))
  t.deepEqual(
    distinct([mark(1)], snapshots).map(({ index }) => index),
    [1, 3, 5],
  )
})

test('versions of one second have names of their own over WebDAV', t => {
  t.deepEqual(davVersionNames([9_999, 9_000, 5_000, 9_500]), ['9', '9-1', '5', '9-2'])
})
