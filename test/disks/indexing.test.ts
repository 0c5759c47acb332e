import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createLog } from '../../appliance/lib/log.ts'
import { testIf } from '../helpers/needs.ts'
import { agrees, ann, folderOf, startIndexed, walk } from './indexing.ts'

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
