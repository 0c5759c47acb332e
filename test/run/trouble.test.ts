import { execFile } from 'node:child_process'
import { request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const run = promisify(execFile)
const dev = join(import.meta.dirname, '..', '..', 'scripts', 'dev')
const withBtrfs = testIf('root', 'btrfs', 'smbd', 'smbclient')
const headers = { authorization: basic(admin) }
const megabyte = 1024 * 1024

/** On a connection of its own: fetch gives up one whose answer comes before the end of the body, and what follows on it. */
function put(cairn: Cairn, path: string, body: string | Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${cairn.url}/webdav/${path}`,
      { method: 'PUT', headers, agent: false },
      response => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
      },
    )
    sent.once('error', reject).end(body)
  })
}

async function get(cairn: Cairn, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`${cairn.url}/webdav/${path}`, { headers })
  return { status: response.status, body: await response.text() }
}

async function propfind(cairn: Cairn, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`${cairn.url}/webdav/${path}`, {
    method: 'PROPFIND',
    headers: { ...headers, depth: '1' },
  })
  return { status: response.status, body: await response.text() }
}

withBtrfs('a full pool is told as such, loses nothing, and goes on when there is room', async t => {
  const cairn = await startCairn(t, {
    args: [
      '--admin',
      `${admin.name}:${admin.password}`,
      '--pool',
      'single',
      '--practice-disks',
      '1',
      '--practice-size',
      '512M',
    ],
  })
  t.is(await put(cairn, 'shared/kept.txt', 'kept'), 201)
  const chunk = new Uint8Array(48 * megabyte)
  for (let at = 0; at < chunk.length; at += 4)
    new DataView(chunk.buffer).setUint32(at, (Math.random() * 2 ** 32) >>> 0)
  const statuses: number[] = []
  for (let index = 0; index < 20 && !statuses.includes(507); index++)
    statuses.push(await put(cairn, `shared/fill-${index}.bin`, chunk))
  t.is(statuses.at(-1), 507)
  t.deepEqual([...new Set(statuses.slice(0, -1))], [201])
  t.deepEqual(await get(cairn, 'shared/kept.txt'), { status: 200, body: 'kept' })
  t.is((await get(cairn, `shared/fill-${statuses.length - 1}.bin`)).status, 404)
  const { stdout } = await run('find', [
    join(cairn.dataDir, 'pools/pool/shares/shared/.cairn/tmp'),
    '-type',
    'f',
  ])
  t.is(stdout, '')
  for (const index of [0, 1])
    t.is(
      (await fetch(`${cairn.url}/webdav/shared/fill-${index}.bin`, { method: 'DELETE', headers })).status,
      204,
    )
  await eventually(async () => (await put(cairn, 'shared/after.txt', 'after')) < 300)
  t.is((await get(cairn, 'shared/after.txt')).body, 'after')
})

withBtrfs('a pool that turned read-only serves reads and says why it takes no writes', async t => {
  const cairn = await startCairn(t, { args: claimed })
  t.is(await put(cairn, 'shared/kept.txt', 'kept'), 201)
  // What is open for writing is closed when nobody has used it for a few seconds.
  const makeReadOnly = () => run('mount', ['-o', 'remount,ro', join(cairn.dataDir, 'pools/pool')])
  await eventually(() =>
    makeReadOnly().then(
      () => true,
      () => false,
    ),
  )
  t.deepEqual(await get(cairn, 'shared/kept.txt'), { status: 200, body: 'kept' })
  const status = await put(cairn, 'shared/new.txt', 'new')
  t.true([403, 503].includes(status), String(status))
  await eventually(async () => (await cairn.api('GET', '/pools')).body[0].state === 'readonly')
  await run('mount', ['-o', 'remount,rw', join(cairn.dataDir, 'pools/pool')])
  await eventually(async () => (await put(cairn, 'shared/new.txt', 'new')) === 201)
})

withBtrfs(
  'a pool that is away: its shares stay listed, and everything in them answers 503, never 404, never empty',
  async t => {
    const first = await startCairn(t, { args: claimed })
    t.is(await put(first, 'shared/kept.txt', 'kept'), 201)
    await first.stop()
    for (const name of ['disk-1', 'disk-2', 'disk-3']) {
      await run('mv', [join(first.dataDir, 'disks', `${name}.img`), join(first.dataDir, `${name}.away`)])
    }
    const second = await startCairn(t, {
      dataDir: first.dataDir,
      args: ['--practice-disks', '3', '--practice-size', '1G'],
    })
    t.is(await cairnState(second), 'missing')
    const root = await propfind(second, '')
    t.true(root.status === 207 || root.status === 503, String(root.status))
    if (root.status === 207) t.regex(root.body, /\/webdav\/shared\//)
    for (const answer of [
      await propfind(second, 'shared/'),
      await get(second, 'shared/kept.txt'),
      await get(second, 'shared/never.txt'),
    ])
      t.is(answer.status, 503)
    t.is(await put(second, 'shared/new.txt', 'new'), 503)
    t.like((await second.api('GET', '/shares')).body[0], { name: 'shared', isAvailable: false })
    t.is((await second.api('GET', '/health')).body.state, 'danger')
    t.is((await second.api('GET', '/users')).status, 200)
    const smb = await run('smbclient', [
      '-p',
      String(second.smbPort),
      '//127.0.0.1/shared',
      '-U',
      `${admin.name}%${admin.password}`,
      '-c',
      'put /etc/hostname x.txt',
    ]).then(
      () => 'served',
      () => 'refused',
    )
    t.is(smb, 'refused')
  },
)

async function cairnState(cairn: Cairn): Promise<string> {
  return (await cairn.api('GET', '/pools')).body[0].state
}

withBtrfs('a pulled disk that is put back is filled again, and the pool is healthy', async t => {
  const cairn = await startCairn(t, { args: claimed })
  await run(dev, ['disk', 'pull', '3', '--data', cairn.dataDir])
  for (let index = 0; index < 8; index++)
    t.is(await put(cairn, `shared/file-${index}.bin`, new Uint8Array(megabyte).fill(index)), 201)
  await eventually(async () => (await cairnState(cairn)) === 'degraded')
  await run(dev, ['disk', 'put', '3', '--data', cairn.dataDir])
  await eventually(async () => (await cairnState(cairn)) === 'healthy', 60_000)
  for (let index = 0; index < 8; index++) t.is((await get(cairn, `shared/file-${index}.bin`)).status, 200)
})
