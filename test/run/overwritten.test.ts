import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { admin, basic, claimed, eventually, smb, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

interface Listed {
  id: string
  kind: string
  author: string | null
}

testIf(
  'root',
  'btrfs',
  'smbd',
  'smbclient',
)('what is overwritten over SMB and by a shell can be had again, with who wrote it', async t => {
  const cairn = await startCairn(t, { args: [...claimed, '--servers', '2'] })
  const authorization = basic(admin)
  const scratch = await tempFolder(t)
  const ask = '/files/versions?path=%2Fshared%2Fplan.txt'
  const versions = async (): Promise<Listed[]> => (await cairn.api('GET', ask)).body
  const contents = async () =>
    Promise.all(
      (await versions()).map(async ({ id }) => {
        const address = `/api/v1/files/versions/content?path=%2Fshared%2Fplan.txt&id=${id}`
        return (await fetch(`${cairn.url}${address}`, { headers: { authorization } })).text()
      }),
    )
  const become = async (...wanted: string[]) => {
    await eventually(async () => (await contents()).join() === wanted.join())
    t.deepEqual(await contents(), wanted)
  }

  const put = { method: 'PUT', headers: { authorization }, body: 'from the web' }
  t.is((await fetch(`${cairn.url}/webdav/shared/plan.txt`, put)).status, 201)
  await become('from the web')
  for (const text of ['over SMB', 'over SMB again']) {
    const local = join(scratch, 'local')
    await writeFile(local, text)
    await smb(cairn, 'shared', `put ${local} plan.txt`)
  }
  await become('over SMB again', 'over SMB', 'from the web')
  await eventually(async () => (await versions())[0]?.author === admin.name)
  await writeFile(join(cairn.dataDir, 'pools/pool/shares/shared/plan.txt'), 'by a shell')
  await become('by a shell', 'over SMB again', 'over SMB', 'from the web')
  const listed = await versions()
  t.deepEqual(
    listed.slice(1).map(({ kind, author }) => [kind, author]),
    ['version', 'version', 'version'].map(kind => [kind, admin.name]),
  )
  t.is(
    (await cairn.api('POST', '/files/versions/restore', { path: '/shared/plan.txt', id: listed[1]?.id }))
      .status,
    200,
  )
  await become('over SMB again', 'by a shell', 'over SMB', 'from the web')
})
