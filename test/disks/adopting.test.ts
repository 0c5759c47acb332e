import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { admin, basic, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const withBtrfs = testIf('root', 'btrfs')

withBtrfs('what root leaves in a share is given to Cairn on sight, and served', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const share = join(cairn.dataDir, 'pools/pool/shares/shared')
  const outside = join(cairn.dataDir, 'of-root')
  await writeFile(outside, 'of root', { mode: 0o600 })
  await mkdir(join(share, 'closed', 'inner'), { recursive: true })
  await writeFile(join(share, 'closed', 'inner', 'file.txt'), 'hello', { mode: 0o600 })
  await symlink(outside, join(share, 'closed', 'link'))
  await chmod(join(share, 'closed', 'inner'), 0o700)
  await chmod(join(share, 'closed'), 0o700)

  const get = (path: string) =>
    fetch(`${cairn.url}/webdav/shared/${path}`, { headers: { authorization: basic(admin) } })
  await eventually(async () => (await get('closed/inner/file.txt')).status === 200)
  t.is(await (await get('closed/inner/file.txt')).text(), 'hello')
  for (const path of ['closed', 'closed/inner', 'closed/inner/file.txt'])
    t.is((await stat(join(share, path))).uid, 2770)
  t.is((await get('closed/link')).status, 404)
  t.is((await stat(outside)).uid, 0, 'a link leads nobody astray')
})

withBtrfs('what is to be removed goes also where root made it, and holds up nothing else', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const workspace = join(cairn.dataDir, 'pools/pool/shares/shared/.cairn/tmp')
  await mkdir(join(workspace, 'gone-1', 'inner', 'deep'), { recursive: true })
  await writeFile(join(workspace, 'gone-1', 'inner', 'deep', 'file'), 'of root')
  await chmod(join(workspace, 'gone-1', 'inner'), 0o700)
  await writeFile(join(workspace, 'gone-2'), 'of root')
  // A server sweeps what it finds as it starts.
  process.kill(cairn.pids('main.js')[0] ?? 0, 'SIGKILL')
  await eventually(async () => (await readdir(workspace)).length === 0)
  t.pass()
})
