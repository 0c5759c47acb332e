import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { admin, basic, claimed, eventually, smb, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

const run = promisify(execFile)
const headers = { authorization: basic(admin) }
const sum = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')

testIf(
  'root',
  'btrfs',
  'litmus',
)('litmus passes every suite against a share of a pool', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const cwd = await tempFolder(t)
  const { stdout } = await run('litmus', ['-k', `${cairn.url}/webdav/shared/`, admin.name, admin.password], {
    cwd,
  })
  const summaries = [...stdout.matchAll(/summary for `(\w+)': of (\d+) tests run: (\d+) passed/g)]
  t.is(summaries.length, 5)
  for (const [line, , all, passed] of summaries) t.is(all, passed, line)
  t.notRegex(stdout, /FAIL|WARNING|SKIPPED/)
})

testIf(
  'root',
  'btrfs',
  'smbd',
  'smbclient',
  'rclone',
  'cadaver',
)('what goes in through one face comes out of every other: the same bytes, size and time', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const scratch = await tempFolder(t)
  const bytes = randomBytes(300_001)
  const modifiedAt = 1_700_000_100
  const source = join(scratch, 'source.bin')
  await writeFile(source, bytes)
  await run('touch', ['-d', `@${modifiedAt}`, source])
  const share = join(cairn.dataDir, 'pools/pool/shares/shared')
  const remote = ['--webdav-url', `${cairn.url}/webdav`, '--webdav-user', admin.name, '--webdav-pass']
  const { stdout: hidden } = await run('rclone', ['obscure', admin.password])
  const rclone = (...args: string[]) =>
    run('rclone', [...args, ...remote, hidden.trim(), '--webdav-vendor', 'nextcloud'])

  await fetch(`${cairn.url}/webdav/shared/webdav.bin`, {
    method: 'PUT',
    body: bytes,
    headers: { ...headers, 'x-oc-mtime': String(modifiedAt) },
  })
  await smb(cairn, 'shared', `put ${source} smb.bin`, `utimes smb.bin -1 -1 2023:11:14-22:15:00 -1`)
  await rclone('copyto', source, ':webdav:shared/rclone.bin')
  await run('cp', ['--preserve=timestamps', source, join(share, 'shell.bin')])
  await writeFile(
    join(scratch, 'netrc'),
    `machine 127.0.0.1 login ${admin.name} password ${admin.password}\n`,
  )
  await fetch(`${cairn.url}/api/v1/files/content?path=/shared/rest.bin`, {
    method: 'PUT',
    body: bytes,
    headers: { ...headers, 'x-oc-mtime': String(modifiedAt) },
  })

  const listed = async () => (await cairn.api('GET', '/files?path=/shared')).body.entries
  // What was written past the server shows a moment later.
  await eventually(async () => (await listed()).length === 5)
  for (const name of ['webdav.bin', 'smb.bin', 'rclone.bin', 'shell.bin', 'rest.bin']) {
    const overDav = await fetch(`${cairn.url}/webdav/shared/${name}`, { headers })
    t.is(overDav.status, 200, name)
    t.is(overDav.headers.get('content-length'), String(bytes.length), name)
    t.is(sum(new Uint8Array(await overDav.arrayBuffer())), sum(bytes), name)
    await smb(cairn, 'shared', `get ${name} ${join(scratch, 'out.bin')}`)
    t.is(sum(await readFile(join(scratch, 'out.bin'))), sum(bytes), name)
    t.is((await stat(join(share, name))).size, bytes.length, name)
    const entry = (await listed()).find((one: { name: string }) => one.name === name)
    t.is(entry?.size, bytes.length, `${name} in the listing`)
    if (name === 'smb.bin') continue // smbclient sets times in its own time zone
    t.is(Date.parse(entry.modifiedAt) / 1000, modifiedAt, name)
    t.is(Date.parse(overDav.headers.get('last-modified') ?? '') / 1000, modifiedAt, name)
    t.is(Math.trunc((await stat(join(share, name))).mtimeMs / 1000), modifiedAt, name)
  }
  const { stdout: remotely } = await rclone('lsjson', ':webdav:shared')
  t.is(JSON.parse(remotely).length, 5)
})

testIf(
  'root',
  'btrfs',
  'smbd',
  'smbclient',
)('an earlier snapshot is listed and read through its @GMT- path', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const put = (body: string) =>
    fetch(`${cairn.url}/webdav/shared/letter.txt`, { method: 'PUT', body, headers })
  await put('first')
  const { id } = (await cairn.api('POST', '/shares/shared/snapshots', { label: 'before' })).body
  await put('second')
  t.regex(await smb(cairn, 'shared', `ls ${id}\\*`), /letter\.txt/)
  t.regex(await smb(cairn, 'shared', `get ${id}\\letter.txt -`), /first/)
  t.true(
    (await cairn.api('POST', `/shares/shared/snapshots/${id}/restore`, { path: '/letter.txt' })).status < 300,
  )
  t.is(await (await fetch(`${cairn.url}/webdav/shared/letter.txt`, { headers })).text(), 'first')
})
