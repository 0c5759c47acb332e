import { chmodSync, linkSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { getXattr } from '../../appliance/lib/posix.ts'
import { admin, basic, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

testIf('root', 'btrfs')(
  'a further name of a read-only file keeps its id with the file when it is renamed',
  async t => {
    const cairn = await startCairn(t, { args: claimed })
    const at = (name: string) => join(cairn.dataDir, 'pools/pool/shares/shared', name)
    const headers = { authorization: basic(admin) }
    const idOf = async (name: string): Promise<number | undefined> => {
      const { entries } = (await cairn.api('GET', '/files?path=/shared')).body
      return entries.find((entry: { name: string }) => entry.name === name)?.id
    }
    const keptFor = (name: string) =>
      (JSON.parse(getXattr(at(name), 'user.cairn.links')?.toString() ?? '[]') as [number, number, string][])
        .filter(link => link[2] === name)
        .map(([id]) => id)

    await fetch(`${cairn.url}/webdav/shared/first`, { method: 'PUT', body: 'one', headers })
    linkSync(at('first'), at('second'))
    await eventually(async () => (await idOf('second')) !== undefined)
    const id = await idOf('second')
    t.not(id, await idOf('first'))
    chmodSync(at('second'), 0o444)
    renameSync(at('second'), at('third'))
    await eventually(async () => (await idOf('third')) !== undefined)
    t.is(await idOf('third'), id)
    t.deepEqual(keptFor('third'), [id])
  },
)
