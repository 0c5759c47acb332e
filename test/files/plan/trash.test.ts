import test from 'ava'
import {
  burstMs,
  isOfAnEarlierBurst,
  isQuiet,
  isSeveralBursts,
  originalName,
  quietMs,
} from '../../../appliance/files/plan/gathering.ts'
import {
  davTrashName,
  itemName,
  parseDavTrashName,
  parseItemName,
  restoredName,
} from '../../../appliance/files/plan/trash.ts'

test('items sort by when they were deleted, and tell it', t => {
  const names = [1795294250123, 0, 999].map(time => itemName(time, 'abc'))
  t.deepEqual(names.toSorted(), ['0000000000000-abc', '0000000000999-abc', '1795294250123-abc'])
  t.deepEqual(parseItemName('1795294250123-abc'), { deletedAtMs: 1795294250123, token: 'abc' })
  for (const name of ['smb', 'abc', '123-abc', '1795294250123-', '1795294250123-A/', '1795294250123-abc.x'])
    t.is(parseItemName(name), undefined, name)
})

test('a restored thing gets a name that is free and not too long', t => {
  t.is(restoredName('a.txt', 1), 'a (restored).txt')
  t.is(restoredName('a.tar.gz', 2), 'a.tar (restored 2).gz')
  t.is(restoredName('.profile', 1), '.profile (restored)')
  t.is(restoredName('folder', 1), 'folder (restored)')
  for (const name of ['x'.repeat(255), `${'🦀'.repeat(62)}.txt`]) {
    const found = restoredName(name, 1)
    t.true(Buffer.byteLength(found) <= 255)
    t.true(found.isWellFormed())
  }
})

test('names over WebDAV lead back, also where two things of one name went in one second', t => {
  const item = itemName(1795294250123, 'abc')
  t.is(davTrashName('t.txt', item, true), 't.txt.d1795294250')
  t.deepEqual(parseDavTrashName('t.txt.d1795294250'), { name: 't.txt', second: 1795294250, token: undefined })
  const other = davTrashName('t.txt', item, false)
  t.deepEqual(parseDavTrashName(other), { name: 't.txt', second: 1795294250, token: 'abc' })
  t.deepEqual(parseDavTrashName('a.d1.d2'), { name: 'a.d1', second: 2, token: undefined })
  for (const name of ['t.txt', '.d5', 'x.d', 'x.d5-']) t.is(parseDavTrashName(name), undefined, name)
})

test('what came over SMB is put together once it is quiet, and by occasions', t => {
  t.false(isQuiet(1000, 1000 + quietMs - 1))
  t.true(isQuiet(1000, 1000 + quietMs))
  t.false(isSeveralBursts({ oldestMs: 0, newestMs: burstMs }))
  t.true(isSeveralBursts({ oldestMs: 0, newestMs: burstMs + 1 }))
  t.true(isOfAnEarlierBurst(0, { oldestMs: 0, newestMs: burstMs + 1 }))
  t.false(isOfAnEarlierBurst(1, { oldestMs: 0, newestMs: burstMs + 1 }))
})

test('the name that Samba gave a second file of one name is undone, and only that', t => {
  const there =
    (...names: string[]) =>
    (name: string) =>
      names.includes(name)
  t.is(originalName('Copy #1 of a.txt', there('a.txt')), 'a.txt')
  t.is(originalName('Copy #1 of a.txt', there()), 'Copy #1 of a.txt')
  t.is(originalName('Copy of a.txt', there('a.txt')), 'Copy of a.txt')
})
