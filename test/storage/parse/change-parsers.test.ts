import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { fanotifyMask, parseFanotify } from '../../../appliance/storage/parse/fanotify.ts'
import {
  continueSearch,
  type InodeItem,
  type InodeRef,
  readItems,
  searchBuffer,
  writeSearch,
} from '../../../appliance/storage/parse/tree-search.ts'

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', name))

test('fanotify: each event says where, what and who', t => {
  const events = parseFanotify(fixture('fanotify--every-kind.bin'))
  const { create, write, rename, attributes, folder, delete: gone } = fanotifyMask
  const outline = events.map(({ mask, at, from, to, object }) => [
    mask,
    [at, from, to].map(place => place && `${place.folder.inode}/${place.name}`),
    object?.inode ?? null,
  ])
  t.deepEqual(outline, [
    [create | write, ['257/new.txt', null, null], 260],
    [rename, [null, '256/old', '257/äö'], 258],
    [rename, [null, '257/äö', '257/new.txt'], 258],
    // The file that was replaced: the kernel tells of it without a name.
    [attributes, [null, null, null], 260],
    [attributes | folder, ['257/.', null, null], null],
    [gone | folder, ['256/e', null, null], 259],
    [attributes, [null, null, null], 258],
    [gone, ['257/new.txt', null, null], 258],
    // Bytes that are no UTF-8.
    [create | write, ['256/null', null, null], 261],
  ])
  t.is(events.at(-1)?.at?.name, null)
  t.true(events.every(({ pid }) => pid === 4997))
  t.deepEqual(events[0]?.object, { subvolume: 256, inode: 260, generation: 8 })
})

test('fanotify: a full queue says so in an event without anything else', t => {
  const last = parseFanotify(fixture('fanotify--overflow.bin')).at(-1)
  t.deepEqual(last, { mask: fanotifyMask.overflow, pid: 0, at: null, from: null, to: null, object: null })
})

test('fanotify: what is no event is not taken for one', t => {
  t.throws(() => parseFanotify(Buffer.alloc(48)), { message: /not a fanotify event/ })
})

function itemsIn(bytes: Buffer, since = 0) {
  const inodes: InodeItem[] = []
  const refs: InodeRef[] = []
  const last = readItems(bytes, {
    wantsInode: transid => transid > since,
    inode: item => void inodes.push(item),
    wantsRefs: () => true,
    refs: found => void refs.push(...found),
  })
  return { inodes, refs, last }
}

test('tree search: inodes with their facts, and their names', t => {
  const { inodes, refs, last } = itemsIn(fixture('tree-search--all.bin'))
  t.deepEqual(
    inodes.map(({ inode, kind, links }) => [inode, kind, links]),
    [
      [256, 'folder', 1],
      [257, 'folder', 1],
      [258, 'file', 3],
      [259, 'other', 1],
    ],
  )
  t.like(inodes[2], {
    sizeBytes: 5,
    mode: 0o640,
    uid: 2770,
    gid: 2770,
    modifiedSeconds: 1_795_331_052,
    modifiedNanoseconds: 69_000_005,
  })
  t.deepEqual(
    refs.map(({ parent, name }) => [parent, name]),
    [
      [256, '..'],
      [256, 'd'],
      [256, 'two'],
      [257, 'ä.txt'],
      [257, 'three'],
      [256, 'link'],
    ],
  )
  t.is(last?.inode, 259)
})

test('tree search: every name of a file, also where they are too many for one item', t => {
  const { inodes, refs } = itemsIn(fixture('tree-search--many-names.bin'))
  t.is(inodes[0]?.links, 203)
  t.is(new Set(refs.map(({ parent, name }) => `${parent}/${name}`)).size, 203)
})

test('tree search: what is not newer than the mark is not taken apart', t => {
  const newest = Math.max(...itemsIn(fixture('tree-search--all.bin')).inodes.map(({ transid }) => transid))
  t.deepEqual(itemsIn(fixture('tree-search--all.bin'), newest).inodes, [])
})

test('tree search: it goes on behind the last key, past what nobody asks for', t => {
  const request = searchBuffer(1024)
  writeSearch(request, { inode: 256, isOneInode: false, minTransid: 8 })
  t.is(request.readBigUInt64LE(40), 8n)
  continueSearch(request, { inode: 300, type: 12, offset: 257n }, false)
  t.deepEqual(
    [request.readBigUInt64LE(8), request.readUInt32LE(56), request.readBigUInt64LE(24)],
    [300n, 12, 258n],
  )
  continueSearch(request, { inode: 300, type: 108, offset: 4096n }, true)
  t.deepEqual(
    [request.readBigUInt64LE(8), request.readUInt32LE(56), request.readBigUInt64LE(24)],
    [301n, 0, 0n],
  )
})
