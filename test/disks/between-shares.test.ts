import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Volume } from '../../appliance/files/schema.ts'
import type { EntryRow } from '../../appliance/files/store/index-store.ts'
import { setXattr } from '../../appliance/lib/posix.ts'
import { testIf } from '../helpers/needs.ts'
import { agrees, ann, type Indexed, openAlone, startIndexed, walk } from './indexing.ts'

/** A move to another share is a copy that takes the place of what it was made of: ids go along, and nothing is lost. */
const indexTest = testIf('root', 'btrfs')
const body = (text: string) => Readable.from([Buffer.from(text)])

async function trashed({ files }: Indexed) {
  const found = []
  for await (const item of files.trash.list(ann)) found.push(item)
  return found
}

const shelves = ({ path }: Volume) =>
  readdirSync(join(path, '.cairn', 'versions')).filter(name => /^\d+$/.test(name))

/** As an index that is being made anew would look at it. */
function lookNow({ index, place }: ReturnType<typeof openAlone>, name: string) {
  let row: EntryRow | undefined
  index.lookNow(look => {
    row = look(place, { name, isWritten: true }).row
  })
  return row
}

indexTest('ids stay, whoever looks in the middle of it', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  const { entry: plain } = await files.write(ann, ['media', 'plain'], body('plain'))
  const { entry: over } = await files.write(ann, ['media', 'over'], body('over'))
  await files.write(ann, ['other', 'over'], body('what was there'))
  const { id: folder } = await files.makeFolder(ann, ['media', 'folder'])
  const { entry: inner } = await files.write(ann, ['media', 'folder', 'inner'], body('inner'))
  for (const volume of [media, other]) await agrees(t, indexed, volume)
  using there = openAlone(indexed, 'other')
  using here = openAlone(indexed, 'media')
  const lookAround = async (name: string) => {
    const row = lookNow(there, name)
    if (row?.isFolder) await there.index.listBelow(there.place.volume, [row], {})
    lookNow(here, name)
  }
  for (const name of ['plain', 'over', 'folder']) {
    const at = join(other.path, name)
    const before = statSync(at, { throwIfNoEntry: false })?.ino
    let isDone = false
    const moving = files.move(ann, ['media', name], ['other', name], { overwrite: true }).finally(() => {
      isDone = true
    })
    while (statSync(at, { throwIfNoEntry: false })?.ino === before) await setImmediate()
    t.true(existsSync(join(media.path, name)), 'there are two of it')
    if (name === 'plain') execFileSync('cp', ['-a', join(media.path, name), join(other.path, 'copy')])
    lookNow(there, 'copy')
    while (!isDone) {
      await lookAround(name)
      await setImmediate()
    }
    const { entry } = await moving
    t.is((await files.stat(ann, ['other', name])).id, entry.id, name)
    t.false(existsSync(join(media.path, name)), name)
  }
  for (const volume of [media, other]) await agrees(t, indexed, volume)
  const found = walk(other)
  t.is(found.get('plain')?.id, plain.id)
  t.is(found.get('over')?.id, over.id)
  t.is(found.get('folder')?.id, folder)
  t.is(found.get('folder/inner')?.id, inner.id)
  t.not(found.get('copy')?.id, plain.id)
})

indexTest('the mark of what has arrived makes nothing of what is copied from it', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  const { entry } = await files.write(ann, ['media', 'file'], body('one'))
  await agrees(t, indexed, media)
  // As it stays: nobody holds it.
  const inode = Buffer.alloc(16)
  inode.writeBigUInt64LE(BigInt(statSync(join(media.path, 'file')).ino))
  setXattr(join(media.path, 'file'), 'user.cairn.arriving', inode)
  execFileSync('cp', ['-a', join(media.path, 'file'), join(other.path, 'copy')])
  for (const volume of [media, other]) await agrees(t, indexed, volume)
  t.is(walk(media).get('file')?.id, entry.id)
  t.not(walk(other).get('copy')?.id, entry.id)
})

indexTest('a file that is written into meanwhile stays where it is', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  await files.write(ann, ['media', 'file'], body('one'))
  const beforeCommit = async () => void (await files.write(ann, ['media', 'file'], body('meanwhile')))
  const moving = files.move(ann, ['media', 'file'], ['other', 'file'], { overwrite: false, beforeCommit })
  const error = await t.throwsAsync(moving, { message: /changed while it was being moved/ })
  t.like(error, { code: 'files/changed-while-moved', kind: 'conflict' })
  t.false(existsSync(join(other.path, 'file')))
  t.is(readFileSync(join(media.path, 'file'), 'utf8'), 'meanwhile')
})

indexTest('a folder that is written into meanwhile is in the trash too, with what was written', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  await files.makeFolder(ann, ['media', 'folder'])
  await files.write(ann, ['media', 'folder', 'early'], body('early'))
  const late = ['media', 'folder', 'late']
  const beforeCommit = async () => void (await files.write(ann, late, body('written meanwhile')))
  await files.move(ann, ['media', 'folder'], ['other', 'folder'], { overwrite: false, beforeCommit })
  t.deepEqual(readdirSync(join(other.path, 'folder')), ['early'])
  t.false(existsSync(join(media.path, 'folder')))
  const [item] = await trashed(indexed)
  t.deepEqual(item?.origin, ['media', 'folder'])
  const to = ['other', 'folder', 'late']
  await files.trash.restore(ann, item?.id ?? '', { inside: ['late'], to, whenTaken: 'fail' })
  t.is(readFileSync(join(other.path, 'folder', 'late'), 'utf8'), 'written meanwhile')
  for (const volume of [media, other]) await agrees(t, indexed, volume)
})

indexTest('a folder that is kept in the trash keeps no earlier versions of what went', async t => {
  const indexed = await startIndexed(t)
  const { files, media } = indexed
  await files.makeFolder(ann, ['media', 'folder'])
  for (const text of ['one', 'two']) await files.write(ann, ['media', 'folder', 'file'], body(text))
  t.is(shelves(media).length, 1)
  symlinkSync('file', join(media.path, 'folder', 'link'))
  await files.move(ann, ['media', 'folder'], ['other', 'folder'], { overwrite: false })
  t.is((await trashed(indexed)).length, 1)
  t.is((await files.versions.list(ann, ['other', 'folder', 'file'])).length, 2)
  t.deepEqual(shelves(media), [])
})

indexTest('what is as it was leaves nothing behind; with a link in it, it stays in the trash', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  for (const name of ['plain', 'linked']) {
    await files.makeFolder(ann, ['media', name])
    await files.makeFolder(ann, ['media', name, 'inner'])
    await files.write(ann, ['media', name, 'inner', 'file'], body(name))
    if (name === 'linked') symlinkSync('file', join(media.path, name, 'inner', 'link'))
    await files.move(ann, ['media', name], ['other', name], { overwrite: false })
    t.is(readFileSync(join(other.path, name, 'inner', 'file'), 'utf8'), name)
  }
  const origins = (await trashed(indexed)).map(({ origin }) => origin)
  t.deepEqual(origins, [['media', 'linked']])
})

indexTest('a folder comes back from the trash into another share', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  const { id } = await files.makeFolder(ann, ['media', 'folder'])
  const { entry: inner } = await files.write(ann, ['media', 'folder', 'inner'], body('inner'))
  for (const volume of [media, other]) await agrees(t, indexed, volume)
  await files.remove(ann, ['media', 'folder'])
  const [item] = await trashed(indexed)
  const { path } = await files.trash.restore(ann, item?.id ?? '', {
    to: ['other', 'back'],
    whenTaken: 'fail',
  })
  t.deepEqual(path, ['other', 'back'])
  await agrees(t, indexed, other)
  t.is(walk(other).get('back')?.id, id)
  t.is(walk(other).get('back/inner')?.id, inner.id)
  t.deepEqual(await trashed(indexed), [])
})

indexTest('what comes back from the trash into another share leaves there what cannot be copied', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  await files.makeFolder(ann, ['media', 'folder'])
  await files.write(ann, ['media', 'folder', 'file'], body('one'))
  symlinkSync('file', join(media.path, 'folder', 'link'))
  await files.remove(ann, ['media', 'folder'])
  const [item] = await trashed(indexed)
  await files.trash.restore(ann, item?.id ?? '', { to: ['other', 'back'], whenTaken: 'fail' })
  t.is(readFileSync(join(other.path, 'back', 'file'), 'utf8'), 'one')
  const [left] = await trashed(indexed)
  t.is(left?.id, item?.id)
  await agrees(t, indexed, other)
})

indexTest('a folder that is renamed while it is copied is not moved, and its ids stay its own', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  const { id } = await files.makeFolder(ann, ['media', 'folder'])
  await files.write(ann, ['media', 'folder', 'file'], body('one'))
  const beforeCommit = async () => renameSync(join(media.path, 'folder'), join(media.path, 'renamed'))
  const moving = files.move(ann, ['media', 'folder'], ['other', 'folder'], { overwrite: false, beforeCommit })
  t.like(await t.throwsAsync(moving), { kind: 'missing' })
  t.false(existsSync(join(other.path, 'folder')))
  for (const volume of [media, other]) await agrees(t, indexed, volume)
  t.is(walk(media).get('renamed')?.id, id)
})

indexTest('a folder in which somebody has a file open for writing is in the trash too', async t => {
  const indexed = await startIndexed(t)
  const { files, media, other } = indexed
  await files.makeFolder(ann, ['media', 'folder'])
  await files.write(ann, ['media', 'folder', 'file'], body('one'))
  const file = await open(join(media.path, 'folder', 'file'), 'r+')
  await files.move(ann, ['media', 'folder'], ['other', 'folder'], { overwrite: false })
  await file.writeFile('two')
  await file.close()
  t.is(readFileSync(join(other.path, 'folder', 'file'), 'utf8'), 'one')
  const [item] = await trashed(indexed)
  const opened = await files.trash.open(ann, item?.id ?? '', ['file'])
  const content = Buffer.alloc(3)
  await opened.read(content, 0)
  opened.close()
  t.is(content.toString(), 'two')
})

indexTest('earlier versions go along with a file, and stay with it where it is not moved', async t => {
  const indexed = await startIndexed(t)
  const { files } = indexed
  for (const text of ['one', 'two']) await files.write(ann, ['media', 'file'], body(text))
  // With what it holds now.
  const versions = async (...path: string[]) => (await files.versions.list(ann, path)).length
  t.is(await versions('media', 'file'), 2)
  const beforeCommit = async () => {
    throw new Error('not now')
  }
  await t.throwsAsync(
    files.move(ann, ['media', 'file'], ['other', 'file'], { overwrite: false, beforeCommit }),
    { message: 'not now' },
  )
  t.is(await versions('media', 'file'), 2)
  await files.move(ann, ['media', 'file'], ['other', 'file'], { overwrite: false })
  t.is(await versions('other', 'file'), 2)
})
