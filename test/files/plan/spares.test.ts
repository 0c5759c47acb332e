import test from 'ava'
import { createAllowance, isNewContent, isWorthKeeping } from '../../../appliance/files/plan/spares.ts'

test('so many may be had at once, and then so many in each second', t => {
  const allowance = createAllowance({ burst: 3, perSecond: 2 })
  const take = (nowMs: number, wanted: number) =>
    Array.from({ length: wanted }, () => allowance.take(nowMs)).filter(Boolean).length
  t.is(take(1_000, 5), 3)
  t.is(take(1_400, 1), 0)
  t.is(take(1_500, 5), 1)
  t.is(take(2_500, 5), 2)
  // However long nobody asked.
  t.is(take(1_000_000, 5), 3)
  // A clock that goes back gives nothing.
  t.is(take(0, 1), 0)
  t.is(take(500, 5), 1)
})

test('disks in files and what programs keep for themselves are not worth it', t => {
  for (const name of ['a.txt', 'Report.docx', 'a.tmp.txt', 'journal', 'my-journal.md', '.bashrc', 'temp'])
    t.true(isWorthKeeping(['folder', name]), name)
  for (const name of [
    '~$Report.docx',
    '._a.txt',
    'a.part',
    'db.sqlite-wal',
    'db.sqlite-journal',
    '.a.txt.swp',
  ])
    t.false(isWorthKeeping(['folder', name]), name)
  t.false(isWorthKeeping(['Mac.sparsebundle', 'bands', '1a']))
})

test('new content is what somebody closed after writing, what took a name, and what nobody saw come', t => {
  const row = (id: number, inode: number) => ({ id, inode }) as never
  const is = (kind: string, before: [number, number] | undefined, rest = {}) =>
    isNewContent({
      looked: {
        kind: kind as never,
        row: row(1, 5),
        before: before && row(...before),
        isForeign: false,
      },
      isWritten: false,
      pids: [7],
      ...rest,
    })
  t.true(is('changed', [1, 5], { isWritten: true }))
  t.true(is('moved', [1, 5]))
  t.true(is('changed', [1, 4]))
  t.true(is('changed', [0, 5]))
  t.true(is('changed', [1, 5], { pids: [] }))
  t.false(is('changed', [1, 5]))
  t.false(is('new', undefined))
})
