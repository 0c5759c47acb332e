import { execFile, execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { appendFile, link, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { Entry, Files } from '../../appliance/files/index.ts'
import { catchUp } from '../../appliance/files/service/indexing/catching-up.ts'
import { createPoolIndex } from '../../appliance/files/service/indexing/pool-index.ts'
import { lastSeenMigrations } from '../../appliance/files/store/last-seen.ts'
import { openDatabase } from '../../appliance/lib/database.ts'
import { createLog } from '../../appliance/lib/log.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { eventually } from '../storage/box.ts'
import { agrees, ann, folderOf, type Indexed, startIndexed, walk } from './indexing.ts'

const indexTest = testIf('root', 'btrfs')
const body = (text: string) => Readable.from([Buffer.from(text)])
const noisy = createLog('test', 'warn', line => console.log(line))

indexTest('own changes show in the etag and size of every folder above before they are answered', async t => {
  const indexed = await startIndexed(t, { log: noisy })
  const { files, media } = indexed
  await files.makeFolder(ann, ['media', 'a'])
  await files.makeFolder(ann, ['media', 'a', 'b'])
  const empty = await files.stat(ann, ['media'])
  const { entry } = await files.write(ann, ['media', 'a', 'b', 'c.txt'], body('hello'))
  const after = await files.stat(ann, ['media'])
  t.not(after.etag, empty.etag)
  t.is(after.size, 5)
  t.is(walk(media).get('')?.etag, after.etag)
  t.is(walk(media).get('a/b/c.txt')?.etag, entry.etag)
  await files.write(ann, ['media', 'a', 'b', 'c.txt'], body('hello again'))
  t.is((await files.stat(ann, ['media'])).size, 11)
  t.is(walk(media).get('')?.etag, (await files.stat(ann, ['media'])).etag)
  await files.move(ann, ['media', 'a', 'b'], ['media', 'moved'], { overwrite: false })
  t.is(walk(media).get('')?.etag, (await files.stat(ann, ['media'])).etag)
  t.is((await files.stat(ann, ['media', 'a'])).size, 0)
  await files.copy(ann, ['media', 'moved'], ['other', 'copy'], { overwrite: false })
  t.is((await files.stat(ann, ['other'])).size, 11)
  await files.move(ann, ['other', 'copy'], ['media', 'back'], { overwrite: false })
  t.is((await files.stat(ann, ['media'])).size, 22)
  await files.remove(ann, ['media', 'moved'])
  t.is((await files.stat(ann, ['media'])).size, 11)
  await agrees(t, indexed, media)
  await agrees(t, indexed, indexed.other)
})

indexTest('what a shell does shows within a second, and ids stay', async t => {
  const indexed = await startIndexed(t, { log: noisy })
  const { media } = indexed
  const at = (...names: string[]) => join(media.path, ...names)
  await mkdir(at('x', 'y'), { recursive: true })
  await writeFile(at('x', 'y', 'one'), 'one')
  await agrees(t, indexed, media)
  const id = walk(media).get('x/y/one')?.id
  await appendFile(at('x', 'y', 'one'), ' more')
  await agrees(t, indexed, media)
  await rename(at('x', 'y'), at('z'))
  await agrees(t, indexed, media)
  t.is(walk(media).get('z/one')?.id, id)
  await rename(at('z', 'one'), at('x', 'two'))
  await agrees(t, indexed, media)
  t.is(walk(media).get('x/two')?.id, id)
  execFileSync('cp', ['-a', at('x'), at('copied')])
  await agrees(t, indexed, media)
  t.not(walk(media).get('copied/two')?.id, id)
  await writeFile(at('x', '.two.tmp'), 'replaced')
  await agrees(t, indexed, media)
  await rename(at('x', '.two.tmp'), at('x', 'two'))
  await agrees(t, indexed, media)
  t.is(walk(media).get('x/two')?.id, id, 'what replaces a file is that file')
  await rm(at('x'), { recursive: true })
  await agrees(t, indexed, media)
})

indexTest('what a shell does shows soon', async t => {
  const indexed = await startIndexed(t, { log: noisy })
  const { media } = indexed
  const times: number[] = []
  for (let n = 0; n < 20; n++) {
    const before = folderOf(indexed, media).etag
    const at = performance.now()
    await writeFile(join(media.path, `f${n}`), 'x')
    while (folderOf(indexed, media).etag === before) await new Promise(resolve => setImmediate(resolve))
    times.push(performance.now() - at)
  }
  t.log(times.map(Math.round).join(' '))
  t.true(Math.max(...times) < 1000)
})

indexTest('what happened while nobody looked is found at the next start', async t => {
  const first = await startIndexed(t, { log: noisy })
  const { media, box } = first
  const at = (...names: string[]) => join(media.path, ...names)
  for (const name of ['a', 'b', 'c']) {
    await mkdir(at(name, 'inner'), { recursive: true })
    for (let n = 0; n < 50; n++) await writeFile(at(name, 'inner', `f${n}`), name)
  }
  await agrees(t, first, media)
  const before = walk(media)
  await first.stop()

  await rm(at('a', 'inner', 'f1'))
  await writeFile(at('a', 'inner', 'new'), 'new')
  await appendFile(at('b', 'inner', 'f2'), 'more')
  await rename(at('c', 'inner'), at('a', 'moved'))
  await rename(at('b'), at('renamed'))
  await rename(at('renamed', 'inner', 'f3'), at('renamed', 'inner', 'f4'))
  await mkdir(at('deep', 'er'), { recursive: true })
  await writeFile(at('deep', 'er', 'x'), 'x')

  const second = await startIndexed(t, { box, log: noisy })
  await agrees(t, second, media)
  const after = walk(media)
  t.is(after.get('a/moved/f7')?.id, before.get('c/inner/f7')?.id)
  t.is(after.get('renamed/inner/f2')?.id, before.get('b/inner/f2')?.id)
  t.not(after.get('')?.etag, before.get('')?.etag)
})

indexTest('an index that was lost is made again with the same ids and etags', async t => {
  const indexed = await startIndexed(t, { log: noisy })
  const { media, box, files } = indexed
  const at = (...names: string[]) => join(media.path, ...names)
  await mkdir(at('a', 'b'), { recursive: true })
  await writeFile(at('a', 'b', 'one'), '1')
  await link(at('a', 'b', 'one'), at('a', 'two'))
  await files.write(ann, ['media', 'a', 'three'], body('3'))
  await agrees(t, indexed, media)
  const listed = async () => {
    const found = []
    for await (const page of files.list(ann, ['media', 'a'])) found.push(...page)
    return found.map(({ name, id, etag }) => ({ name, id, etag }))
  }
  const before = await listed()
  t.is(new Set(before.map(({ id }) => id)).size, 3, 'each name has an id of its own')
  box.events.publish('files/index-dropped', { pool: null })
  await eventually(t, box, 'the index is whole again', async () => indexed.index.isTrue(media))
  t.deepEqual(await listed(), before)
  await agrees(t, indexed, media)
})

indexTest('editors that write a new file and remove the old one keep its id', async t => {
  const indexed = await startIndexed(t, { log: noisy })
  const { media } = indexed
  const at = (name: string) => join(media.path, name)
  const idOf = () => walk(media).get('letter')?.id
  await writeFile(at('letter'), 'first')
  await agrees(t, indexed, media)
  const id = idOf()
  // vim: backup by renaming
  await rename(at('letter'), at('letter~'))
  await writeFile(at('letter'), 'second')
  await agrees(t, indexed, media)
  await rm(at('letter~'))
  await agrees(t, indexed, media)
  t.is(idOf(), id)
  // Office: the new content is written beside it
  await writeFile(at('~WRD0001.tmp'), 'third')
  await agrees(t, indexed, media)
  await rename(at('letter'), at('~WRL0002.tmp'))
  await rename(at('~WRD0001.tmp'), at('letter'))
  await agrees(t, indexed, media)
  await rm(at('~WRL0002.tmp'))
  await agrees(t, indexed, media)
  t.is(idOf(), id)
  // deleted and written anew
  await rm(at('letter'))
  await writeFile(at('letter'), 'fourth')
  await agrees(t, indexed, media)
  t.is(idOf(), id)
})

indexTest('a change that keeps size and time gives another etag', async t => {
  const indexed = await startIndexed(t, { log: noisy })
  const { media } = indexed
  const at = join(media.path, 'file')
  await writeFile(at, 'one')
  await utimes(at, 1000, 1000)
  await agrees(t, indexed, media)
  const before = folderOf(indexed, media).etag
  execFileSync('sh', ['-c', 'printf two >"$0"; touch -d @1000 "$0"', at])
  await eventually(t, indexed.box, 'another etag', async () => folderOf(indexed, media).etag !== before)
  await agrees(t, indexed, media)
})

indexTest('two servers agree, whoever writes', async t => {
  const one = await startIndexed(t, { log: noisy })
  const two = await one.second()
  const { media } = one
  for (let n = 0; n < 20; n++) {
    const writer = n % 2 ? one : two
    const reader = n % 2 ? two : one
    await writer.files.write(ann, ['media', `f${n}`], body(String(n)))
    t.is((await reader.files.stat(ann, ['media'])).etag, walk(media).get('')?.etag)
  }
  await one.stop()
  await two.files.write(ann, ['media', 'last'], body('last'))
  t.is((await two.files.stat(ann, ['media'])).etag, walk(media).get('')?.etag)
  await writeFile(join(media.path, 'outside'), 'x')
  await agrees(t, two, media)
})

indexTest(
  'a folder of 50,000 files is renamed, and one of 20,000 deleted, while others are served',
  async t => {
    const indexed = await startIndexed(t, { log: noisy })
    const { media, files } = indexed
    const at = (...names: string[]) => join(media.path, ...names)
    const script =
      'mkdir -p "$0/big/in" "$0/gone"; cd "$0/big/in"; seq 1 50000 | split -l 1 -a 4 - f; cd "$0/gone"; seq 1 20000 | split -l 1 -a 4 - f'
    const startedAt = performance.now()
    await promisify(execFile)('sh', ['-c', script, media.path])
    const wroteAt = performance.now()
    const lag = monitorEventLoopDelay({ resolution: 5 })
    lag.enable()
    const count = () => indexed.index.state().find(({ name }) => name === 'media')?.entries
    await eventually(t, indexed.box, 'all are taken in', async () => count() === 70_004)
    lag.disable()
    t.log(`longest stall ${Math.round(lag.max / 1e6)} ms, 99 % ${Math.round(lag.percentile(99) / 1e6)} ms`)
    await agrees(t, indexed, media, 60_000)
    t.log(
      `written in ${Math.round(wroteAt - startedAt)} ms, taken in ${Math.round(performance.now() - wroteAt)} ms later`,
    )
    // What came last was told last: no news of what lies below is still on its way, which may count as another content.
    await writeFile(at('last'), 'last')
    await eventually(t, indexed.box, 'the last news are taken in', async () => count() === 70_005)
    const before = folderOf(indexed, media, 'big').etag
    await rename(at('big'), at('renamed'))
    const renamedAt = performance.now()
    await eventually(t, indexed.box, 'renamed', async () => {
      const { entries } = await onePage(files, ['media'])
      return entries.some(({ name }) => name === 'renamed')
    })
    t.log(`renamed after ${Math.round(performance.now() - renamedAt)} ms`)
    t.is(folderOf(indexed, media, 'renamed').etag, before, 'what lies below is as it was')
    await files.remove(ann, ['media', 'gone'])
    t.is((await files.stat(ann, ['media'])).etag, walk(media).get('')?.etag)
    await agrees(t, indexed, media, 60_000)
  },
)

indexTest('64 levels deep, one write shows at the top', async t => {
  const indexed = await startIndexed(t, { log: noisy })
  const { media, files } = indexed
  const deep = Array.from({ length: 64 }, (_, level) => `level ${level}`)
  await mkdir(join(media.path, ...deep), { recursive: true })
  await agrees(t, indexed, media)
  const before = (await files.stat(ann, ['media'])).etag
  await files.write(ann, ['media', ...deep, 'file'], body('x'))
  const after = await files.stat(ann, ['media'])
  t.not(after.etag, before)
  t.is(after.etag, walk(media).get('')?.etag)
})

indexTest('a share whose pool is away stays as it was seen last, also after a restart', async t => {
  const database = await openDatabase(join(await tempFolder(t), 'cairn.db'), lastSeenMigrations)
  t.teardown(() => database.destroy())
  const first = await startIndexed(t, { log: noisy, database })
  await first.files.write(ann, ['media', 'file'], body('x'))
  const shown = async ({ files }: Indexed) => {
    const { entries } = await onePage(files, [])
    const root = await files.stat(ann, [])
    const { id, etag, isAvailable } = entries.find(({ name }) => name === 'media') ?? {}
    return { id, etag, isAvailable, root: root.etag }
  }
  const before = await shown(first)
  first.media.isAvailable = false
  t.deepEqual(await shown(first), { ...before, isAvailable: false })
  await t.throwsAsync(() => first.files.stat(ann, ['media', 'file']), {
    message: /temporarily not available/,
  })
  await first.stop()
  const second = await startIndexed(t, { box: first.box, log: noisy, database })
  second.media.isAvailable = false
  t.deepEqual(await shown(second), { ...before, isAvailable: false })
})

async function onePage(files: Files, path: string[]) {
  const entries: Entry[] = []
  for await (const page of files.list(ann, path)) entries.push(...page)
  return { entries }
}

indexTest('what came and went leaves another etag behind, for who saw it meanwhile', async t => {
  const indexed = await startIndexed(t, { log: noisy })
  const { media, files } = indexed
  await files.makeFolder(ann, ['media', 'letters'])
  const before = (await files.stat(ann, ['media'])).etag
  await files.write(ann, ['media', 'letters', '~lock'], body('x'))
  await files.remove(ann, ['media', 'letters', '~lock'])
  const after = (await files.stat(ann, ['media'])).etag
  t.not(after, before)
  await writeFile(join(media.path, 'letters', '~lock'), 'x')
  await rm(join(media.path, 'letters', '~lock'))
  await eventually(t, indexed.box, 'another one', async () => folderOf(indexed, media).etag !== after)
  await agrees(t, indexed, media)
})

indexTest('a file that moves to another share keeps id and etag', async t => {
  const { files } = await startIndexed(t, { log: noisy, isOwn: pid => pid === process.pid })
  await files.makeFolder(ann, ['media', 'a'])
  const { entry } = await files.write(ann, ['media', 'a', 'file'], body('x'))
  await files.move(ann, ['media', 'a'], ['other', 'b'], { overwrite: false })
  const { id, etag } = await files.stat(ann, ['other', 'b', 'file'])
  t.deepEqual({ id, etag }, { id: entry.id, etag: entry.etag })
})

indexTest('a link that takes the place of a file while nobody looked leaves nothing there', async t => {
  const indexed = await startIndexed(t)
  const { media, box } = indexed
  await writeFile(join(media.path, 'file'), 'x')
  await agrees(t, indexed, media)
  await indexed.stop()
  const index = createPoolIndex({ poolPath: join(box.poolsDir, 'pool'), ownUid: 0, nowMs: Date.now })
  t.teardown(index.close)
  const deps = { changes: box.storage.changes, pool: 'pool', index, signal: new AbortController().signal }
  const caughtUp = async () => {
    const row = index.volume({ kind: 'shares', name: 'media' })
    if (row) await catchUp(deps, row)
    return row && index.store.names(row.number, statSync(media.path).ino)
  }
  await caughtUp()
  t.deepEqual(await caughtUp(), ['file'])
  await symlink('nowhere', join(media.path, 'link'))
  await rename(join(media.path, 'link'), join(media.path, 'file'))
  t.deepEqual(await caughtUp(), [])
})
