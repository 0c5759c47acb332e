import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { admin, basic, claimed, dataFolder, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

testIf(
  'root',
  'btrfs',
  'smbd',
)('the journal of a whole instance outlives it, and two servers write it', async t => {
  const dataDir = await dataFolder(t)
  const args = [...claimed, '--servers', '2']
  const one = await startCairn(t, { dataDir, args })
  const put = async (url: string, name: string) => {
    const headers = { authorization: basic(admin) }
    const { status } = await fetch(`${url}/webdav/shared/${name}`, { method: 'PUT', headers, body: name })
    t.is(status, 201)
  }
  const names = Array.from({ length: 20 }, (_, index) => `${index}.txt`)
  await Promise.all(names.map(name => put(one.url, name)))
  await one.stop()
  const other = await startCairn(t, { dataDir, args: ['--servers', '2'] })
  const index = join(dataDir, 'pools/pool/index')
  const file = statSync(join(index, 'journal.db'))
  t.deepEqual([file.uid, file.gid, statSync(index).mode & 0o777], [2770, 2770, 0o700])
  t.false(readdirSync(index).includes('journal-2.db'))
  const { body } = await other.api('GET', '/journal?folder=/shared')
  const entries: { path: string; actor: string; face: string; what: string }[] = body.entries
  t.deepEqual(entries.map(({ path }) => path).sort(), names.map(name => `/${name}`).sort())
  for (const entry of entries) t.like(entry, { actor: admin.name, face: 'webdav', what: 'create' })
})
