import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Files } from '../../appliance/files/index.ts'
import { eventually } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { agrees, ann, startIndexed } from './indexing.ts'

const diskTest = testIf('root', 'btrfs')

const put = (files: Files, path: string[], content: string) =>
  files.write(ann, path, Readable.from([Buffer.from(content)]))

async function trashed(files: Files) {
  const found = []
  for await (const item of files.trash.list(ann)) found.push(item)
  return found
}

diskTest(
  'the index follows what goes to the trash and what comes back, with the folders that are made',
  async t => {
    const indexed = await startIndexed(t)
    const { files, media, index } = indexed
    for (const path of [['a'], ['a', 'b'], ['a', 'b', 'c']]) await files.makeFolder(ann, ['media', ...path])
    const { entry } = await put(files, ['media', 'a', 'b', 'c', 'file'], 'content')
    await agrees(t, indexed, media)
    await files.remove(ann, ['media', 'a'])
    t.is(index.byId([media], entry.id ?? 0), undefined)
    await agrees(t, indexed, media)
    const [item] = await trashed(files)
    const restored = await files.trash.restore(ann, item?.id ?? '', { inside: ['b', 'c'], whenTaken: 'fail' })
    t.deepEqual(restored.path, ['media', 'a', 'b', 'c'])
    t.deepEqual(index.byId([media], entry.id ?? 0)?.path, ['a', 'b', 'c', 'file'])
    t.deepEqual(await files.pathById(ann, entry.id ?? 0), ['media', 'a', 'b', 'c', 'file'])
    await agrees(t, indexed, media)
    await put(files, ['media', 'a', 'b', 'c', 'file'], 'changed')
    const [, old] = await files.versions.list(ann, ['media', 'a', 'b', 'c', 'file'])
    await files.versions.restore(ann, ['media', 'a', 'b', 'c', 'file'], old?.id ?? '')
    await agrees(t, indexed, media)
  },
)

diskTest(
  'an id that went on to what replaced a file outlives what is left of the old one in the trash',
  async t => {
    const indexed = await startIndexed(t)
    const { files, media, index } = indexed
    const path = ['media', 'letter']
    const { entry } = await put(files, path, 'first')
    const id = entry.id ?? 0
    await put(files, path, 'second')
    await agrees(t, indexed, media)
    const gone: number[] = []
    files.onRemoved(async ids => void gone.push(...ids))
    // As editors save: away with the old one, a new one, and then the old one is deleted.
    renameSync(join(media.path, 'letter'), join(media.path, 'letter~'))
    writeFileSync(join(media.path, 'letter'), 'third, from outside')
    await agrees(t, indexed, media)
    // As the network drive deletes.
    const recycled = join(media.path, '.cairn/trash/smb/ann')
    mkdirSync(recycled, { recursive: true })
    renameSync(join(media.path, 'letter~'), join(recycled, 'letter~'))
    await eventually(async () => index.byId([media], id)?.path.join() === 'letter')
    const [item] = await trashed(files)
    await files.trash.remove(ann, item?.id ?? '')
    await eventually(async () => readdirSync(join(media.path, '.cairn/tmp')).length === 0)
    t.false(gone.includes(id))
    await eventually(async () => (await files.versions.list(ann, path)).length === 3)
    await files.remove(ann, path, { isForGood: true })
    await eventually(async () => gone.includes(id))
  },
)
