import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { appendFile, open, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ExecutionContext } from 'ava'
import { createSpares } from '../../appliance/files/service/history/spares.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { testIf } from '../helpers/needs.ts'
import { eventually } from '../storage/box.ts'
import { ann, type Indexed, startIndexed } from './indexing.ts'

const spareTest = testIf('root', 'btrfs')

async function start(t: ExecutionContext) {
  const indexed = await startIndexed(t)
  const at = (name: string) => join(indexed.media.path, name)
  const spares = (generation = 'spares') => {
    const folder = at(`.cairn/versions/${generation}`)
    return existsSync(folder) ? readdirSync(folder) : []
  }
  /** Waits until what is there now has a spare. */
  const settled = (name: string) =>
    eventually(t, indexed.box, `a spare of ${name}`, async () => {
      const { size, mtimeNs } = statSync(at(name), { bigint: true })
      const found = spares().map(spare => statSync(at(`.cairn/versions/spares/${spare}`), { bigint: true }))
      return found.some(spare => spare.size === size && spare.mtimeNs === mtimeNs)
    })
  const write = async (name: string, text: string) => {
    await writeFile(at(name), text)
    await settled(name)
  }
  return { ...indexed, indexed, at, spares, settled, write }
}

/** The newest first, as people see them. */
async function contents({ files }: Indexed, name: string): Promise<string[]> {
  const found = []
  for (const { id } of await files.versions.list(ann, ['media', name])) {
    const file = files.versions.open(ann, ['media', name], id)
    const bytes = Buffer.alloc(file.entry.size)
    await file.read(bytes, 0)
    file.close()
    found.push(bytes.toString())
  }
  return found
}

const versionsBecome = (t: ExecutionContext, indexed: Indexed, name: string, wanted: string[]) =>
  eventually(
    t,
    indexed.box,
    `${name} was ${wanted.join(', ')}`,
    async () => (await contents(indexed, name).catch(() => [])).join() === wanted.join(),
  )

spareTest('what is overwritten from outside is a version of the same file', async t => {
  const { indexed, files, at, write, spares } = await start(t)
  await write('a.txt', 'one')
  const { id } = await files.stat(ann, ['media', 'a.txt'])
  const { mtimeMs } = statSync(at('a.txt'))
  await write('a.txt', 'the second')
  await appendFile(at('a.txt'), ', longer')
  await versionsBecome(t, indexed, 'a.txt', ['the second, longer', 'the second', 'one'])
  await writeFile(at('a.txt'), '')
  await versionsBecome(t, indexed, 'a.txt', ['', 'the second, longer', 'the second', 'one'])
  t.deepEqual(spares(), [])
  const listed = await files.versions.list(ann, ['media', 'a.txt'])
  t.is((await files.stat(ann, ['media', 'a.txt'])).id, id)
  t.is(listed.at(-1)?.modifiedAtMs, Math.floor(mtimeMs))

  await files.versions.restore(ann, ['media', 'a.txt'], listed.at(-1)?.id ?? '')
  t.is(readFileSync(at('a.txt'), 'utf8'), 'one')
})

spareTest('so is what an editor replaces: by a temporary file, or after it was renamed away', async t => {
  const { indexed, at, write, settled } = await start(t)
  await write('a.txt', 'one')
  await writeFile(at('.a.txt.swp'), 'two')
  await rename(at('.a.txt.swp'), at('a.txt'))
  await versionsBecome(t, indexed, 'a.txt', ['two', 'one'])
  await settled('a.txt')
  await rename(at('a.txt'), at('a.txt~'))
  await writeFile(at('a.txt'), 'three')
  await unlink(at('a.txt~'))
  await versionsBecome(t, indexed, 'a.txt', ['three', 'two', 'one'])
})

spareTest(
  'what stays as it was leaves no version: opened, touched, or given its time afterwards',
  async t => {
    const { indexed, files, at, write, settled } = await start(t)
    await write('a.txt', 'one')
    await (await open(at('a.txt'), 'r+')).close()
    utimesSync(at('a.txt'), 1_500_000_000, 1_500_000_000)
    await settled('a.txt')
    await writeFile(at('a.txt'), 'one')
    await settled('a.txt')
    await write('a.txt', 'two')
    await versionsBecome(t, indexed, 'a.txt', ['two', 'one'])
    const [, before] = await files.versions.list(ann, ['media', 'a.txt'])
    t.is(before?.kind, 'version')
  },
)

spareTest('what our own faces overwrite is kept once', async t => {
  const { indexed, files, write, settled } = await start(t)
  await write('a.txt', 'one')
  await files.write(ann, ['media', 'a.txt'], Readable.from([Buffer.from('by a face')]))
  t.deepEqual(await contents(indexed, 'a.txt'), ['by a face', 'one'])
  await settled('a.txt')
  await write('a.txt', 'three')
  await versionsBecome(t, indexed, 'a.txt', ['three', 'by a face', 'one'])
})

spareTest('spares go two snapshots later, and where space is short', async t => {
  const { box, media, files, at, spares, write, settled } = await start(t)
  await write('a.txt', 'one')
  const take = () => box.storage.snapshots.create('pool', 'shares', 'media')
  await take()
  await eventually(t, box, 'the first snapshot', async () => spares('spares-before').length === 1)
  t.deepEqual(spares(), [])
  await writeFile(at('a.txt'), 'two')
  await settled('a.txt')
  t.deepEqual(spares('spares-before'), [])
  for (const name of ['b.txt', 'c.txt']) await write(name, name)
  await take()
  await eventually(t, box, 'the second snapshot', async () => spares('spares-before').length === 3)
  await write('b.txt', 'other')
  await eventually(t, box, 'one is a version', async () => spares('spares-before').length === 2)
  await take()
  await eventually(t, box, 'the third snapshot', async () => spares('spares-before').length === 1)
  t.is((await files.versions.list(ann, ['media', 'b.txt'])).length, 2)

  const lone = createSpares({
    everyVolume: () => [media],
    index: undefined,
    sweeper: { sweep: () => undefined },
    log: silentLog,
    now: Date.now,
    onKept: () => undefined,
  })
  await lone.dropAll(media)
  t.deepEqual([spares(), spares('spares-before')], [[], []])
  await lone.stop()
})

spareTest('what is gone for good leaves no spare behind', async t => {
  const { box, index, media, files, at, spares, write, stop } = await start(t)
  await write('a.txt', 'one')
  const { id = 0 } = await files.stat(ann, ['media', 'a.txt'])
  const lone = createSpares({
    everyVolume: () => [media],
    index,
    sweeper: { sweep: () => undefined },
    log: silentLog,
    now: Date.now,
    onKept: () => undefined,
    untilGoneMs: 1,
  })
  t.teardown(() => lone.stop())
  await rm(at('a.txt'))
  await eventually(t, box, 'the index knows', async () => index.byId([media], id) === undefined)
  t.deepEqual(spares(), [String(id)])
  const before = { volume: 1, parent: 1, name: 'a.txt', isFolder: 0, id } as never
  lone.outside(
    {
      pool: 'pool',
      volume: 'share:media',
      path: ['a.txt'],
      from: undefined,
      looked: { kind: 'gone', row: undefined, before, isForeign: false },
      pids: [],
      isWritten: false,
    },
    undefined,
  )
  await eventually(t, box, 'it is dropped', async () => spares().length === 0)
  await stop()
})
