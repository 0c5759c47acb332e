import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test from 'ava'
import type { Files, Person } from '../../appliance/files/index.ts'
import { startDav } from '../dav/harness.ts'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

const alice: Person = { user: 'alice', role: 'member' }
const day = 86_400_000

const put = (files: Files, path: string[], content: string | Buffer) =>
  files.write(alice, path, Readable.from([Buffer.from(content)]))

async function trashed(files: Files): Promise<string[]> {
  const found: string[] = []
  for await (const { origin } of files.trash.list(alice)) found.push(origin.join('/'))
  return found.sort()
}

test('things stay in the trash for thirty days, and then go with their ids', async t => {
  const { files, clock } = await startDav(t, await tempFolder(t))
  const gone: number[] = []
  files.onRemoved(async ids => void gone.push(...ids))
  const { entry } = await put(files, ['shared', 'a'], 'x')
  await files.remove(alice, ['shared', 'a'])
  clock.skip(29.9 * day)
  await files.history.tidy()
  t.deepEqual(await trashed(files), ['shared/a'])
  clock.skip(0.2 * day)
  await files.history.tidy()
  t.deepEqual(await trashed(files), [])
  await eventually(async () => gone.includes(entry.id ?? 0))
})

test('what came over SMB expires too, although nobody has looked', async t => {
  const { files, clock, volumes } = await startDav(t, await tempFolder(t))
  const place = join(volumes.shared.path, '.cairn/trash/smb/bob/gone/for')
  await mkdir(place, { recursive: true })
  writeFileSync(join(place, 'long.txt'), 'x')
  clock.skip(31 * day)
  await files.history.tidy()
  t.deepEqual(await trashed(files), [])
  await files.history.tidy()
  t.deepEqual(await readdir(join(volumes.shared.path, '.cairn/trash/smb/bob')), [])
})

test('versions are thinned out as they age, those with a label stay', async t => {
  const { files, clock } = await startDav(t, await tempFolder(t))
  const path = ['shared', 'a.txt']
  for (let count = 0; count < 8; count += 1) await put(files, path, `content ${count}`)
  const all = await files.versions.list(alice, path)
  t.is(all.length, 8)
  const oldest = all.at(-1)?.id ?? ''
  await files.versions.label(alice, path, oldest, 'the first')
  clock.skip(day)
  await files.history.tidy()
  const left = await files.versions.list(alice, path)
  t.is(left.length, 3)
  t.is(left.at(-1)?.label, 'the first')
})

test('usage counts what is there, also in deleted folders', async t => {
  const { files, volumes } = await startDav(t, await tempFolder(t))
  await mkdir(join(volumes.shared.path, 'folder/deep'), { recursive: true })
  await put(files, ['shared', 'folder', 'deep', 'a'], Buffer.alloc(1000))
  await put(files, ['shared', 'folder', 'b'], Buffer.alloc(500))
  await put(files, ['shared', 'c'], Buffer.alloc(300))
  await put(files, ['shared', 'c'], Buffer.alloc(400))
  await files.remove(alice, ['shared', 'folder'])
  const used = async () => (await files.history.usage(alice)).find(({ volume }) => volume.name === 'shared')
  t.like(await used(), { trashItems: 1, trashBytes: 1500, versions: 1, versionBytes: 300, path: ['shared'] })
  for await (const { id } of files.trash.list(alice)) await files.trash.remove(alice, id, ['b'])
  t.like(await used(), { trashBytes: 1000 })
})

const diskTest = testIf('root', 'btrfs')
const mib = 1024 ** 2

diskTest(
  'on a disk that fills, the oldest goes first, until there is room again, and then no more',
  async t => {
    const image = join(await tempFolder(t), 'disk.img')
    const place = await tempFolder(t)
    writeFileSync(image, '')
    truncateSync(image, 1200 * mib)
    execFileSync('mkfs.btrfs', ['-q', '-m', 'single', image])
    execFileSync('mount', ['-o', 'loop,ssd', image, place])
    t.teardown(() => void execFileSync('umount', [place]))
    mkdirSync(join(place, 'data'))
    const { files, volumes } = await startDav({ teardown: act => t.teardown(act) }, join(place, 'data'))
    for (const { path } of Object.values(volumes)) mkdirSync(join(path, '.cairn/tmp'), { recursive: true })
    const free = async () => (await files.history.usage(alice))[0]
    const start = await free()
    // A small pool keeps a fifth free.
    const part = Math.floor((start?.leastFreeBytes ?? 0) * 0.3)
    // Deleted at times that are hours apart: the names tell.
    for (const [index, name] of ['oldest', 'older', 'old', 'new'].entries()) {
      const item = join(
        volumes.shared.path,
        '.cairn/trash',
        `${Date.now() - (4 - index) * 3_600_000 * 2}-abc`,
      )
      mkdirSync(item, { recursive: true })
      execFileSync('fallocate', ['-l', String(part), join(item, name)])
    }
    execFileSync('sync', ['-f', place])
    await files.history.tidy()
    t.deepEqual(await trashed(files), ['shared/new', 'shared/old', 'shared/older', 'shared/oldest'])
    execFileSync('fallocate', ['-l', String(part * 10), join(volumes.shared.path, 'much')])
    execFileSync('sync', ['-f', place])
    await files.history.tidy()
    t.deepEqual(await trashed(files), ['shared/new', 'shared/old', 'shared/older'])
    await eventually(async () => readdirSync(join(volumes.shared.path, '.cairn/tmp')).length === 0)
    execFileSync('sync', ['-f', place])
    await files.history.tidy()
    t.is((await trashed(files)).length, 3)
  },
)
