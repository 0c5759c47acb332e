import { chown } from 'node:fs/promises'
import { admin, basic, dataFolder, reachableCheckout, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const nobody = 65534

testIf('root')('without root it serves a folder, and says what is missing', async t => {
  const dataDir = await dataFolder(t)
  await chown(dataDir, nobody, nobody)
  const place = await reachableCheckout(t)
  const cairn = await startCairn(t, {
    dataDir,
    uid: nobody,
    checkout: place,
    args: ['--admin', `${admin.name}:${admin.password}`],
  })
  t.regex(cairn.lines.join('\n'), /not root/)
  const headers = { authorization: basic(admin) }
  t.is(
    (await fetch(`${cairn.url}/webdav/shared/a.txt`, { method: 'PUT', body: 'hello', headers })).status,
    201,
  )
  t.is(await (await fetch(`${cairn.url}/webdav/shared/a.txt`, { headers })).text(), 'hello')
  const { issues } = (await cairn.api('GET', '/health')).body
  t.true(issues.some((issue: { code: string }) => issue.code === 'shares/smb-needs-root'))
  t.like((await cairn.api('GET', '/pools')).body[0], { name: 'pool', profile: 'folder', state: 'healthy' })
})
