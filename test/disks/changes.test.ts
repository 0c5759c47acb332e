import { lstatSync, readdirSync } from 'node:fs'
import {
  appendFile,
  chmod,
  link,
  mkdir,
  open,
  rename,
  rm,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { ExecutionContext } from 'ava'
import { setXattr } from '../../appliance/lib/posix.ts'
import type { ChangedEntry, ChangeMark, SubvolumePlace } from '../../appliance/storage/index.ts'
import { testIf } from '../helpers/needs.ts'
import { createRandom, type Random } from '../helpers/random.ts'
import { type Box, startBox } from '../storage/box.ts'

const changesTest = testIf('root', 'btrfs')
const media = { pool: 'pool', kind: 'shares', name: 'media' } as const

async function boxWithShare(t: ExecutionContext): Promise<{ box: Box; share: string }> {
  const box = await startBox(t, { disks: 1, sizeBytes: 2 * 1024 ** 3 })
  await box.createPool('single')
  await box.storage.createSubvolume('pool', 'shares', 'media')
  return { box, share: join(box.poolsDir, 'pool', 'shares', 'media') }
}

async function changesSince(box: Box, since: ChangeMark | null, place: SubvolumePlace = media) {
  const entries: ChangedEntry[] = []
  let mark: ChangeMark | undefined
  let isFull = false
  for await (const page of box.storage.changes.since(place, since)) {
    entries.push(...page.entries)
    mark = page.mark
    isFull = page.isFull
  }
  if (!mark) throw new Error('no page came')
  return { entries, mark, isFull }
}

/** `kind path`, one for each name. */
function outline(entries: readonly ChangedEntry[]): string[] {
  const paths = ({ links }: ChangedEntry) =>
    links.length === 0 ? [''] : links.map(({ folder, name }) => join(folder ?? '?', name ?? '?'))
  return entries
    .flatMap(entry => paths(entry).map(path => `${entry.isNew ? 'new ' : ''}${entry.kind} ${path}`))
    .sort()
}

changesTest('every kind of change is found since the mark, and nothing else', async t => {
  const { box, share } = await boxWithShare(t)
  const at = (...names: string[]) => join(share, ...names)
  await mkdir(at('a', 'b'), { recursive: true })
  await mkdir(at('quiet'))
  await writeFile(at('quiet', 'file'), 'x')
  for (const name of ['file', 'gone', 'linked']) await writeFile(at('a', name), 'one')
  await writeFile(at('a', 'b', 'child'), 'x')
  let { mark } = await changesSince(box, null)
  const found = async (act: () => Promise<unknown>, ...expected: string[]) => {
    await act()
    const changes = await changesSince(box, mark)
    t.false(changes.isFull)
    t.deepEqual(outline(changes.entries), expected.sort())
    mark = changes.mark
  }

  await found(async () => undefined)
  await found(() => writeFile(at('a', 'new'), 'x'), 'folder a', 'new file a/new')
  await found(() => writeFile(at('a', 'file'), 'two'), 'file a/file')
  await found(() => appendFile(at('a', 'file'), 'more'), 'file a/file')
  await found(() => truncate(at('a', 'file'), 1), 'file a/file')
  await found(() => chmod(at('a', 'file'), 0o600), 'file a/file')
  await found(() => utimes(at('a', 'file'), 1, 1), 'file a/file')
  await found(async () => setXattr(at('a', 'file'), 'user.x', Buffer.from('1')), 'file a/file')
  await found(() => rename(at('a', 'file'), at('a', 'f')), 'folder a', 'file a/f')
  await found(() => rename(at('a', 'f'), at('a', 'b', 'f')), 'folder a', 'folder a/b', 'file a/b/f')
  await found(() => rename(at('a', 'b'), at('b')), 'folder ', 'folder a', 'folder b')
  await found(() => link(at('a', 'linked'), at('b', 'other')), 'folder b', 'file a/linked', 'file b/other')
  await found(() => rename(at('a', 'new'), at('b', 'f')), 'folder a', 'folder b', 'file b/f')
  await found(() => unlink(at('a', 'gone')), 'folder a')
  await found(() => unlink(at('b', 'other')), 'folder b', 'file a/linked')
  await found(() => rm(at('b'), { recursive: true }), 'folder ')
  await found(() => symlink('x', at('link')), 'folder ', 'new other link')
  await found(() => writeFile(at('.cairn', 'tmp', 'x'), 'x'))
  await found(() => mkdir(at('.cairn', 'trash', 'a')))
})

changesTest('of many files only those that were written to count as written', async t => {
  const { box, share } = await boxWithShare(t)
  const names = Array.from({ length: 3_000 }, (_, number) => `file${number}`)
  const big = join(share, 'big')
  const attribute = Buffer.alloc(300, 'x')
  for (const name of names) {
    await writeFile(join(share, name), 'x'.repeat(3_000))
    setXattr(join(share, name), 'user.x', attribute)
  }
  // In many pieces, so that they fill more than one answer.
  const pieces = await open(big, 'w')
  for (let piece = 0; piece < 6_000; piece++) await pieces.write('x', piece * 8_192)
  await pieces.sync()
  await pieces.close()
  const { mark } = await changesSince(box, null)
  for (const name of names) await rename(join(share, name), join(share, `${name}-moved`))
  await rename(big, `${big}-moved`)
  const moved = await changesSince(box, mark)
  t.is(moved.entries.filter(({ kind }) => kind === 'file').length, names.length + 1)
  t.deepEqual(outline(moved.entries.filter(({ isWritten }) => isWritten)), [])
  const last = await open(`${big}-moved`, 'r+')
  await last.write('y', 5_999 * 8_192)
  await last.close()
  const written = await changesSince(box, moved.mark)
  t.deepEqual(outline(written.entries.filter(({ isWritten }) => isWritten)), ['file big-moved'])
})

changesTest('a mark of another subvolume, or from a future that was not to be, means everything', async t => {
  const { box, share } = await boxWithShare(t)
  await writeFile(join(share, 'file'), 'x')
  const first = await changesSince(box, null)
  t.true(first.isFull)
  t.deepEqual(outline(first.entries), ['new file file', 'new folder '])
  t.true((await changesSince(box, { ...first.mark, transid: first.mark.transid + 1000 })).isFull)
  t.false((await changesSince(box, first.mark)).isFull)
  const { id } = await box.storage.snapshots.create('pool', 'shares', 'media')
  await box.storage.snapshots.restoreAll('pool', 'shares', 'media', id)
  const after = await changesSince(box, first.mark)
  t.true(after.isFull)
  t.not(after.mark.uuid, first.mark.uuid)
})

changesTest('names of inodes are found, also of a file with many, and of one that is gone none', async t => {
  const { box, share } = await boxWithShare(t)
  await mkdir(join(share, 'a', 'b'), { recursive: true })
  await writeFile(join(share, 'a', 'file'), 'x')
  for (let number = 0; number < 300; number++)
    await link(join(share, 'a', 'file'), join(share, 'a', 'b', `${number}`.padStart(80, 'n')))
  const { ino } = lstatSync(join(share, 'a', 'file'))
  const own = lstatSync(join(share, '.cairn', 'tmp')).ino
  const [links, folder, none, hidden] = await box.storage.changes.links(media, [
    ino,
    lstatSync(join(share, 'a', 'b')).ino,
    999_999,
    own,
  ])
  t.is(links?.length, 301)
  t.deepEqual(folder, [{ parent: lstatSync(join(share, 'a')).ino, folder: 'a', name: 'b' }])
  t.deepEqual([none, hidden], [[], []])
  const { entries, mark } = await changesSince(box, null)
  t.is(entries.find(({ inode }) => inode === ino)?.links.length, 301)
  // Most of its names lie in another part of the tree, which this does not touch.
  await chmod(join(share, 'a', 'file'), 0o600)
  const [changed, ...others] = (await changesSince(box, mark)).entries
  t.deepEqual([changed?.inode, changed?.links.length, others], [ino, 301, []])
})

changesTest('a plain folder says that it must be walked through', async t => {
  const box = await startBox(t, { isRoot: false })
  await box.storage.createSubvolume('pool', 'shares', 'media')
  const code = 'storage/walk-needed'
  await t.throwsAsync(changesSince(box, null), { code })
  const signal = new AbortController().signal
  await t.throwsAsync(box.storage.changes.follow({ receive: () => undefined, signal }), { code })
})

changesTest('a subvolume that is not there is no empty one', async t => {
  const { box } = await boxWithShare(t)
  await t.throwsAsync(changesSince(box, null, { ...media, name: 'other' }), {
    code: 'storage/subvolume-away',
  })
})

changesTest('2,000 random changes: exactly what differs is found', async t => {
  const { box, share } = await boxWithShare(t)
  const random = createRandom()
  t.log(`seed ${random.seed}`)
  const world = createWorld(share, random)
  await world.fill(3_000)
  const before = walk(share)
  const { mark } = await changesSince(box, null)
  for (let count = 0; count < 2_000; count++) await world.change()
  const { entries } = await changesSince(box, mark)
  const after = walk(share)

  const expected = [...after].filter(([inode, facts]) => before.get(inode)?.text !== facts.text)
  t.deepEqual(
    entries.map(({ inode }) => inode),
    expected.map(([inode]) => inode).sort((a, b) => a - b),
  )
  for (const entry of entries) {
    const facts = after.get(entry.inode)
    t.is(entry.sizeBytes, facts?.size ?? -1, `size of ${facts?.paths}`)
    t.is(entry.modifiedSeconds, facts?.modifiedSeconds ?? -1)
    const paths = entry.links.map(({ folder, name }) => join(folder ?? '?', name ?? '?'))
    t.deepEqual(paths.sort(), facts?.paths.filter(Boolean).sort())
    t.is(entry.isNew, !before.has(entry.inode))
  }
})

interface Facts {
  paths: string[]
  /** Everything about it that a change could change. */
  text: string
  size: number
  modifiedSeconds: number
}

/** By inode, what lstat(2) says; of folders the ctime tells of every name that came or went. */
function walk(share: string): Map<number, Facts> {
  const found = new Map<number, Facts>()
  const visit = (path: string) => {
    const { ino, ctimeNs, mtimeNs, size, mode, nlink } = lstatSync(path, { bigint: true })
    const facts = found.get(Number(ino)) ?? {
      paths: [],
      text: '',
      size: Number(size),
      modifiedSeconds: Number(mtimeNs / 1_000_000_000n),
    }
    facts.paths.push(relative(share, path))
    facts.text = [ctimeNs, mtimeNs, size, mode, nlink, ...facts.paths.map(nameAndParent(share))].join(' ')
    found.set(Number(ino), facts)
    if ((mode & 0o170000n) !== 0o040000n) return
    for (const name of readdirSync(path)) if (name !== '.cairn') visit(join(path, name))
  }
  visit(share)
  return found
}

/** Without the path above: the children of a renamed folder have not changed. */
const nameAndParent = (share: string) => (path: string) =>
  path === '' ? '' : `${lstatSync(join(share, path, '..')).ino}/${path.split('/').at(-1)}`

function createWorld(share: string, random: Random) {
  const folders = ['']
  const files: string[] = []
  let names = 0
  const at = (path: string) => join(share, path)
  const fresh = () => join(random.pick(folders), `n${names++}`)
  const takeFile = () => files.splice(random.below(files.length), 1)[0] as string
  const makeFile = async () => {
    const path = fresh()
    await writeFile(at(path), 'x'.repeat(random.below(9000)))
    files.push(path)
  }
  const makeFolder = async () => {
    const path = fresh()
    await mkdir(at(path))
    folders.push(path)
  }
  const moveFolder = async () => {
    const from = random.pick(folders.slice(1))
    const to = fresh()
    if (to.startsWith(`${from}/`)) return
    await rename(at(from), at(to))
    for (const list of [folders, files])
      for (const [index, path] of list.entries())
        if (path === from || path.startsWith(`${from}/`)) list[index] = to + path.slice(from.length)
  }
  const moveFile = async () => {
    const from = takeFile()
    const to = random.chance(0.3) ? random.pick(files) : fresh()
    await rename(at(from), at(to))
    if (!files.includes(to)) files.push(to)
  }
  const linkFile = async () => {
    const to = fresh()
    await link(at(random.pick(files)), at(to))
    files.push(to)
  }
  const kinds = [
    makeFile,
    makeFile,
    makeFolder,
    moveFolder,
    moveFile,
    moveFile,
    linkFile,
    async () => unlink(at(takeFile())),
    async () => appendFile(at(random.pick(files)), 'more'),
    async () => truncate(at(random.pick(files)), random.below(100)),
    async () => chmod(at(random.pick(files)), random.pick([0o600, 0o640, 0o644])),
    async () => utimes(at(random.pick(files)), random.below(1e9), random.below(1e9)),
    async () => setXattr(at(random.pick(files)), 'user.x', Buffer.from(`${random.below(1e9)}`)),
  ]
  return {
    async fill(count: number) {
      for (let made = 0; made < count; made++) await (random.chance(0.1) ? makeFolder() : makeFile())
    },
    change: () => random.pick(kinds)(),
  }
}
