import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { testIf } from '../helpers/needs.ts'
import { eventually } from '../storage/box.ts'
import { agrees, ann, folderOf, type Indexed, openAlone, startIndexed, walk } from './indexing.ts'

const indexTest = testIf('root', 'btrfs')
const body = (text: string) => Readable.from([Buffer.from(text)])

async function listed({ files }: Indexed, ...path: string[]) {
  const found = []
  for await (const page of files.list(ann, path)) found.push(...page)
  return new Map(found.map(entry => [entry.name, entry]))
}

indexTest(
  'what root copies with its attributes onto a file, a folder or a share makes it no other one',
  async t => {
    const indexed = await startIndexed(t)
    const { media, other } = indexed
    const at = (...names: string[]) => join(media.path, ...names)
    for (const name of ['one', 'two']) {
      await mkdir(at(name, 'inner'), { recursive: true })
      await writeFile(at(name, 'inner', 'file'), name)
    }
    await agrees(t, indexed, media)
    const before = walk(media)
    const top = walk(other).get('')?.id
    execFileSync('cp', ['-a', `${at('one')}/.`, at('two')])
    execFileSync('cp', ['-a', `${at('one')}/.`, other.path])
    await agrees(t, indexed, media)
    await agrees(t, indexed, other)
    const after = walk(media)
    for (const [path, { id }] of before) t.is(after.get(path)?.id, id, path)
    t.is(walk(other).get('')?.id, top)
  },
)

indexTest(
  'a time that is set back after the file was looked at does not bring back its old etag',
  async t => {
    const indexed = await startIndexed(t)
    const { media } = indexed
    const at = join(media.path, 'file')
    await writeFile(at, 'one')
    utimesSync(at, 1000, 1000)
    await agrees(t, indexed, media)
    const before = walk(media).get('file')?.etag
    await writeFile(at, 'two')
    await agrees(t, indexed, media)
    utimesSync(at, 1000, 1000)
    await agrees(t, indexed, media)
    t.not(walk(media).get('file')?.etag, before)
  },
)

indexTest('a file of several names changes under all of them, also where size and time stay', async t => {
  const indexed = await startIndexed(t)
  const { media } = indexed
  const at = (name: string) => join(media.path, name)
  await writeFile(at('first'), 'one')
  utimesSync(at('first'), 1000, 1000)
  await agrees(t, indexed, media)
  await link(at('first'), at('second'))
  await agrees(t, indexed, media)
  const before = await listed(indexed, 'media')
  t.not(before.get('first')?.id, before.get('second')?.id)
  writeFileSync(at('second'), 'two', { flag: 'r+' })
  utimesSync(at('second'), 1000, 1000)
  const etagOf = async (name: string) => (await listed(indexed, 'media')).get(name)?.etag
  await eventually(t, indexed.box, 'another etag', async () => {
    return (await etagOf('first')) !== before.get('first')?.etag
  })
  await agrees(t, indexed, media)
  const after = await listed(indexed, 'media')
  for (const name of ['first', 'second']) {
    t.is(after.get(name)?.id, before.get(name)?.id)
    t.not(after.get(name)?.etag, before.get(name)?.etag)
    t.is((await indexed.files.stat(ann, ['media', name])).id, before.get(name)?.id)
  }
  const { entry } = await indexed.files.write(ann, ['media', 'second'], body('three'))
  t.is(entry.id, before.get('second')?.id)
  t.is((await listed(indexed, 'media')).get('second')?.etag, entry.etag)
})

indexTest('what lies in a folder that was moved while nobody looked is looked at', async t => {
  const first = await startIndexed(t)
  const { media, box } = first
  const at = (...names: string[]) => join(media.path, ...names)
  // Older than the folders that it comes to lie in, so that it is told of first.
  await writeFile(at('file'), 'one')
  await mkdir(at('inner'))
  await mkdir(at('outer'))
  await rename(at('file'), at('inner', 'file'))
  await rename(at('inner'), at('outer', 'inner'))
  await agrees(t, first, media)
  await first.stop()
  await rename(at('outer'), at('moved'))
  await rename(at('moved', 'inner'), at('moved', 'renamed'))
  await writeFile(at('moved', 'renamed', 'file'), 'two, and longer')
  const second = await startIndexed(t, { box })
  await agrees(t, second, media)
})

indexTest(
  'what is put into a folder that a shell has just made can be reached from the top at once',
  async t => {
    const indexed = await startIndexed(t)
    const { files, media } = indexed
    mkdirSync(join(media.path, 'new', 'inner'), { recursive: true })
    execFileSync('chown', ['-R', '2770:2770', join(media.path, 'new')])
    await files.write(ann, ['media', 'new', 'inner', 'file'], body('x'))
    t.true((await listed(indexed, 'media')).has('new'))
    t.is(walk(media).get('')?.etag, folderOf(indexed, media).etag)
    t.is(folderOf(indexed, media, 'new').size, 1)
  },
)

indexTest('an id that went to another share with its file comes back to nobody', async t => {
  const indexed = await startIndexed(t, { isOwn: pid => pid === process.pid })
  const { files, media } = indexed
  const { entry: moved } = await files.write(ann, ['media', 'file'], body('moved'))
  await files.move(ann, ['media', 'file'], ['other', 'file'], { overwrite: false })
  const { entry: fresh } = await files.write(ann, ['media', 'file'], body('fresh'))
  t.not(fresh.id, moved.id)
  await files.remove(ann, ['other', 'file'])
  t.is((await listed(indexed, 'media')).get('file')?.id, fresh.id)
  await agrees(t, indexed, media)
})

indexTest('a copy whose source is moved away at once gets an id of its own', async t => {
  const indexed = await startIndexed(t)
  const { media } = indexed
  const at = (...names: string[]) => join(media.path, ...names)
  for (const name of ['from', 'to']) await mkdir(at(name))
  await writeFile(at('from', 'file'), 'x')
  await agrees(t, indexed, media)
  const id = walk(media).get('from/file')?.id
  for (let round = 0; round < 10; round++) {
    execFileSync('sh', ['-c', 'cp -a "$0/from/file" "$0/to/file" && mv "$0/from" "$0/moved"', media.path])
    await agrees(t, indexed, media)
    t.is(walk(media).get('moved/file')?.id, id)
    t.not(walk(media).get('to/file')?.id, id)
    await rename(at('moved'), at('from'))
    await rm(at('to', 'file'))
  }
  t.true(statSync(at('from', 'file')).isFile())
})

indexTest('a file that is made under the name of one that was renamed a moment ago is another', async t => {
  const indexed = await startIndexed(t)
  const { media } = indexed
  const at = (...names: string[]) => join(media.path, ...names)
  for (const name of ['a', 'b']) await mkdir(at(name))
  for (let round = 0; round < 10; round++) {
    const [from, to] = [at('a', `file${round}`), at('b', `file${round}`)]
    await writeFile(from, 'x')
    await agrees(t, indexed, media)
    const id = walk(media).get(`a/file${round}`)?.id
    execFileSync('sh', ['-c', 'touch "$0.mark"; mv "$0" "$1"; echo new >"$0"', from, to])
    await agrees(t, indexed, media)
    t.is(walk(media).get(`b/file${round}`)?.id, id)
    t.not(walk(media).get(`a/file${round}`)?.id, id)
  }
})

indexTest('a change that keeps size and time is found also when nobody looked', async t => {
  const first = await startIndexed(t)
  const { media, box } = first
  const at = join(media.path, 'file')
  await writeFile(at, 'one')
  utimesSync(at, 1000, 1000)
  await agrees(t, first, media)
  const before = walk(media).get('file')?.etag
  await first.stop()
  writeFileSync(at, 'two', { flag: 'r+' })
  utimesSync(at, 1000, 1000)
  const second = await startIndexed(t, { box })
  await agrees(t, second, media)
  t.not(walk(media).get('file')?.etag, before)
})

indexTest(
  'so it is where our own face had written it, and what was only touched stays as it was',
  async t => {
    const first = await startIndexed(t)
    const { media, box, files } = first
    const at = (name: string) => join(media.path, name)
    for (const name of ['changed', 'touched'])
      await files.write(ann, ['media', name], body('one'), { modifiedAtMs: 1_000_000 })
    await agrees(t, first, media)
    const before = walk(media)
    await first.stop()
    writeFileSync(at('changed'), 'two', { flag: 'r+' })
    utimesSync(at('changed'), 1000, 1000)
    for (const name of ['changed', 'touched']) chmodSync(at(name), 0o640)
    const second = await startIndexed(t, { box })
    await agrees(t, second, media)
    t.not(walk(media).get('changed')?.etag, before.get('changed')?.etag)
    t.is(walk(media).get('touched')?.etag, before.get('touched')?.etag)
  },
)

indexTest(
  'a share that went back to a snapshot is not taken for what it was, though numbers come again',
  async t => {
    const indexed = await startIndexed(t)
    const { media, box } = indexed
    const at = (...names: string[]) => join(media.path, ...names)
    await mkdir(at('kept'))
    await agrees(t, indexed, media)
    const { id } = await box.storage.snapshots.create('pool', 'shares', 'media')
    for (const name of ['first', 'second', 'third']) {
      await mkdir(at(name, 'inner'), { recursive: true })
      await writeFile(at(name, 'inner', 'file'), name)
    }
    await agrees(t, indexed, media)
    await box.storage.snapshots.restoreAll('pool', 'shares', 'media', id)
    for (let number = 0; number < 9; number++) writeFileSync(at('kept', `file${number}`), 'x')
    await agrees(t, indexed, media)
    for (let number = 0; number < 9; number++) writeFileSync(at('kept', `file${number}`), 'more')
    await agrees(t, indexed, media)
  },
)

indexTest('a silent change is found also by who comes after another look', async t => {
  const indexed = await startIndexed(t)
  const { media } = indexed
  const place = join(media.path, 'file')
  writeFileSync(place, 'one')
  utimesSync(place, 1000, 1000)
  await agrees(t, indexed, media)
  const before = walk(media).get('file')?.etag
  await indexed.stop()

  using opened = openAlone(indexed)
  const { index } = opened
  const at = opened.place
  writeFileSync(place, 'two')
  utimesSync(place, 1000, 1000)
  // As when the news of its time come first, and then those of its content.
  await index.look(at, [{ name: 'file' }])
  t.is(walk(media).get('file')?.etag, before)
  await index.look(at, [{ name: 'file', isWritten: true }])
  const written = walk(media).get('file')?.etag
  t.not(written, before)
  // What is not written stays what it is, also for who comes later and only knows that it was written some time ago.
  chmodSync(place, 0o600)
  await index.look(at, [{ name: 'file' }])
  renameSync(place, `${place}2`)
  await index.look(at, [{ name: 'file' }, { name: 'file2' }])
  await index.look(at, [{ name: 'file2', isWritten: true, isLate: true }])
  t.is(walk(media).get('file2')?.etag, written)
})

indexTest(
  'what takes the place of a file and cannot be written yet is given its id as soon as it can',
  async t => {
    const indexed = await startIndexed(t)
    const { media } = indexed
    const at = (name: string) => join(media.path, name)
    writeFileSync(at('file'), 'one')
    await agrees(t, indexed, media)
    const before = walk(media).get('file')
    await indexed.stop()

    using opened = openAlone(indexed)
    const { index, place } = opened
    renameSync(at('file'), at('file~'))
    writeFileSync(at('file'), 'two')
    execFileSync('chattr', ['+i', at('file')])
    t.teardown(() => execFileSync('chattr', ['-i', at('file')]))
    rmSync(at('file~'))
    const names = [{ name: 'file~' }, { name: 'file' }]
    await index.look(place, names)
    t.is(index.store.at(place.volume, place.inode, 'file')?.id, 0)
    execFileSync('chattr', ['-i', at('file')])
    await index.look(place, names)
    t.is(index.store.at(place.volume, place.inode, 'file')?.id, before?.id)
    t.is(walk(media).get('file')?.id, before?.id)
  },
)

indexTest('who looks at what replaced a file before the feed has told of it takes no id from it', async t => {
  const indexed = await startIndexed(t)
  const { media, files } = indexed
  const at = (name: string) => join(media.path, name)
  writeFileSync(at('file'), 'one')
  await agrees(t, indexed, media)
  const before = walk(media).get('file')
  writeFileSync(at('.file.swp'), 'two')
  renameSync(at('.file.swp'), at('file'))
  // All of it before anything else has its turn.
  const seen = await files.stat(ann, ['media', 'file'])
  t.is(seen.id, before?.id)
  t.not(seen.etag, before?.etag)
  await agrees(t, indexed, media)
  t.is(walk(media).get('file')?.id, before?.id)
})

indexTest('what is found to be gone long after gives its id to nobody', async t => {
  const indexed = await startIndexed(t)
  const { media } = indexed
  const at = (name: string) => join(media.path, name)
  writeFileSync(at('first'), 'one')
  await agrees(t, indexed, media)
  await indexed.stop()

  using opened = openAlone(indexed)
  const { index } = opened
  const place = opened.place
  renameSync(at('first'), at('second'))
  await index.look(place, [{ name: 'second' }, { name: 'first' }])
  writeFileSync(at('first'), 'two')
  await index.look(place, [{ name: 'first' }])
  const before = walk(media).get('first')
  rmSync(at('second'))
  await index.relistNames(place.volume, place.inode, { isLate: true })
  t.deepEqual(walk(media).get('first'), before)
  t.is(index.store.at(place.volume, place.inode, 'first')?.id, before?.id)
})

indexTest(
  'what another account left there is adopted also where our own face moved it meanwhile',
  async t => {
    const adopted: string[] = []
    const indexed = await startIndexed(t, {
      isOwn: pid => pid === process.pid,
      adopt: async ({ path: top }, paths) => {
        for (const path of paths) {
          adopted.push(path.join('/'))
          chownSync(join(top, ...path), 0, 0)
        }
      },
    })
    const { media, files } = indexed
    await agrees(t, indexed, media)
    writeFileSync(join(media.path, 'file'), 'one')
    chownSync(join(media.path, 'file'), 1000, 1000)
    await files.move(ann, ['media', 'file'], ['media', 'moved'], { overwrite: false })
    await eventually(t, indexed.box, 'adopted', async () => adopted.length > 0)
    t.deepEqual(adopted, ['moved'])
    await agrees(t, indexed, media)
  },
)

indexTest(
  'what another account left in a folder that is moved before it is adopted is adopted there',
  async t => {
    const adopted: string[] = []
    const indexed: Indexed = await startIndexed(t, {
      isOwn: pid => pid === process.pid,
      adopt: async ({ path: top }, paths) => {
        if (adopted.length === 0)
          await indexed.files.move(ann, ['media', 'folder'], ['media', 'moved'], { overwrite: false })
        for (const path of paths) {
          adopted.push(path.join('/'))
          const place = join(top, ...path)
          if (!existsSync(place)) continue
          execFileSync('chattr', ['-i', place])
          chownSync(place, 0, 0)
        }
      },
    })
    const { media, files } = indexed
    await files.makeFolder(ann, ['media', 'folder'])
    await agrees(t, indexed, media)
    // Not seen where it is made, and of that nothing is told later.
    execFileSync('sh', ['-c', 'install -d -o 1000 .cairn/new && touch seen'], { cwd: media.path })
    await agrees(t, indexed, media)
    // Not even root can give it an id then.
    execFileSync('sh', ['-c', 'mv .cairn/new folder && chattr +i folder/new'], { cwd: media.path })
    await eventually(t, indexed.box, 'adopted', async () => adopted.includes('moved/new'))
    t.is(adopted[0], 'folder/new')
    await agrees(t, indexed, media)
  },
)

indexTest(
  'a copy in another share that is found before its original, which was moved, is another file',
  async t => {
    const indexed = await startIndexed(t)
    const { media, other, box } = indexed
    mkdirSync(join(other.path, 'original'))
    writeFileSync(join(other.path, 'original', 'file'), 'one')
    await agrees(t, indexed, other)
    const before = walk(other)
    await indexed.stop()

    execFileSync('cp', ['-a', join(other.path, 'original'), join(media.path, 'copy')])
    renameSync(join(other.path, 'original'), join(other.path, 'moved'))
    const again = await startIndexed(t, { box })
    await agrees(t, again, media)
    await agrees(t, again, other)
    const [copies, originals] = [walk(media), walk(other)]
    for (const [from, to, copy] of [
      ['original', 'moved', 'copy'],
      ['original/file', 'moved/file', 'copy/file'],
    ] as const) {
      t.is(originals.get(to)?.id, before.get(from)?.id)
      t.not(copies.get(copy)?.id, before.get(from)?.id)
    }
  },
)

for (const [when, isLooking] of [
  ['while somebody looks', true],
  ['while nobody looks', false],
] as const)
  indexTest(`a file of several names that is copied with all of them is another file, ${when}`, async t => {
    const indexed = await startIndexed(t)
    const { media, other, box } = indexed
    mkdirSync(join(other.path, 'folder'))
    writeFileSync(join(other.path, 'folder', 'first'), 'one')
    await link(join(other.path, 'folder', 'first'), join(other.path, 'folder', 'second'))
    await agrees(t, indexed, other)
    if (!isLooking) await indexed.stop()
    for (const place of [media.path, other.path])
      execFileSync('cp', ['-a', join(other.path, 'folder'), join(place, 'copy')])
    const looking = isLooking ? indexed : await startIndexed(t, { box })
    await agrees(t, looking, media)
    await agrees(t, looking, other)
    const all = [...walk(media).values(), ...walk(other).values()]
    t.is(new Set(all.map(({ id }) => id)).size, all.length)
  })

indexTest(
  'a further name of a file keeps its id when the first one is replaced, also in an index made anew',
  async t => {
    const indexed = await startIndexed(t)
    const { media, box, files } = indexed
    const at = (name: string) => join(media.path, name)
    // Whichever of the two folders is listed first.
    const pairs = [
      ['a', 'b'],
      ['b', 'a'],
    ] as const
    for (const name of ['a', 'b']) await mkdir(at(name))
    for (const [one, other] of pairs) {
      await files.write(ann, ['media', one, 'first'], body('one'))
      await link(at(`${one}/first`), at(`${other}/second`))
    }
    await agrees(t, indexed, media)
    // The old content is kept as a version, and so the file has two names still.
    for (const [one] of pairs) await files.write(ann, ['media', one, 'first'], body('two'))
    await agrees(t, indexed, media)
    const before = walk(media)
    await indexed.stop()
    await rm(join(box.poolsDir, 'pool', 'index'), { recursive: true })
    await mkdir(join(box.poolsDir, 'pool', 'index'))
    const again = await startIndexed(t, { box })
    await agrees(t, again, media)
    for (const [path, { id }] of before) t.is(walk(media).get(path)?.id, id, path)
  },
)

indexTest(
  'what was to be listed in a folder that somebody moves at that moment is found in its new place',
  async t => {
    const indexed = await startIndexed(t)
    const { media } = indexed
    mkdirSync(join(media.path, 'before', 'inner', 'last'), { recursive: true })
    writeFileSync(join(media.path, 'before', 'inner', 'last', 'file'), 'one')
    await agrees(t, indexed, media)
    await indexed.stop()

    using opened = openAlone(indexed)
    const { index } = opened
    const place = opened.place
    const { ino } = statSync(join(media.path, 'before', 'inner', 'last'))
    index.store.write(() => index.store.setListed(place.volume, ino, false))
    renameSync(join(media.path, 'before'), join(media.path, 'after'))
    await index.listBelow(place.volume, 'all', {})
    await index.look(place, [{ name: 'after' }])
    await index.listBelow(place.volume, 'all', {})
    t.deepEqual(index.pathOfId(place.volume, walk(media).get('after/inner/last/file')?.id ?? 0), [
      'after',
      'inner',
      'last',
      'file',
    ])
  },
)
