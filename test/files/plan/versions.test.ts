import test from 'ava'
import {
  davVersionNames,
  distinct,
  kindOfVersion,
  parseVersionName,
  versionName,
} from '../../../appliance/files/plan/versions.ts'

test('names of versions sort by time and say what they are', t => {
  const name = versionName(1_500_000_000_000, 1_795_294_250_123, 'a1')
  t.is(name, `1500000000000-0${(1_795_294_250_123).toString(36)}a1`)
  t.regex(versionName(-5, 0, 'a1'), /^0000000000000-000000000a1$/)
  t.deepEqual(parseVersionName(name), { modifiedAtMs: 1_500_000_000_000, keptAtMs: 1_795_294_250_123 })
  t.is(kindOfVersion('current'), 'current')
  t.is(kindOfVersion(name), 'kept')
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
