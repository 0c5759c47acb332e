import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const withBtrfs = testIf('root', 'btrfs')
withBtrfs(
  'a large folder moves to another share with its ids, and is known there before the answer',
  async t => {
    const cairn = await startCairn(t, { args: claimed })
    t.is((await cairn.api('POST', '/shares', { name: 'other', pool: 'pool', everyone: 'write' })).status, 201)
    const share = join(cairn.dataDir, 'pools/pool/shares/shared')
    for (let folder = 0; folder < 40; folder += 1) {
      await mkdir(join(share, 'tree', `d${folder}`), { recursive: true })
      for (let file = 0; file < 100; file += 1)
        await writeFile(join(share, 'tree', `d${folder}`, `f${file}`), 'x'.repeat(50))
    }
    const entry = async (path: string) => {
      const { body } = await cairn.api('GET', `/files?path=${path}`)
      return {
        ids: body.entries.map(({ name, id }: { name: string; id: number }) => `${name} ${id}`),
        entries: body.entries,
      }
    }
    const sizeOf = async (name: string, path: string) =>
      (await entry(path)).entries.find((one: { name: string }) => one.name === name)?.size
    await eventually(async () => (await sizeOf('tree', '/shared')) === 200_000)
    const before = (await entry('/shared/tree/d7')).ids

    const moved = await cairn.api('POST', '/files/move', { from: '/shared/tree', to: '/other/tree' })
    t.is(moved.status, 200)
    t.is(await sizeOf('tree', '/other'), 200_000, 'the index knows all of it before the answer')
    t.is(await sizeOf('tree', '/shared'), undefined)
    t.deepEqual((await entry('/other/tree/d7')).ids, before)
  },
)
