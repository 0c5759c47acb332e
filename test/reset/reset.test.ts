import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { join } from 'node:path'
import { settings } from '../../appliance/reset/system/finishing.ts'
import { writeMark } from '../../appliance/reset/system/mark.ts'
import {
  admin,
  basic,
  type Cairn,
  claimed,
  dataFolder,
  eventually,
  reachableCheckout,
  startCairn,
} from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const resetTest = testIf('root', 'btrfs')
const longMs = 120_000
const nobody = 65534

resetTest(
  'a reset leads back to the wizard, which takes the pool in with files, ids and versions',
  async t => {
    t.timeout(longMs)
    const cairn = await startCairn(t, { args: claimed })
    const bob = { name: 'bob', password: 'Bobs-password-1' }
    t.is((await cairn.api('POST', '/users', bob)).status, 201)
    await put(cairn, 'shared/a.txt', 'first')
    await put(cairn, 'shared/a.txt', 'second')
    await put(cairn, 'mine.txt', 'of admin')
    await put(cairn, 'his.txt', 'of bob', bob)
    t.is((await cairn.api('POST', '/shares/shared/snapshots', { label: 'before' })).status, 201)
    const id = await idOf(cairn, 'shared/a.txt')
    const versions = (await cairn.api('GET', '/files/versions?path=shared/a.txt')).body

    // Whatever is kept there that this list does not know would outlast a reset.
    const known = new Set([...settings, 'disks', 'pools', 'tuning'])
    t.deepEqual(
      readdirSync(cairn.dataDir).filter(name => !known.has(name)),
      [],
    )
    t.like(await cairn.api('GET', '/reset'), {
      status: 200,
      body: { name: 'cairn', pools: [{ name: 'pool' }] },
    })
    t.is((await cairn.api('GET', '/reset', undefined, bob)).status, 403)
    const wish = { password: admin.password, confirm: 'cairn' }
    t.like(await cairn.api('POST', '/reset', { ...wish, password: 'wrong-password' }), {
      status: 400,
      body: {
        error: {
          code: 'users/wrong-current',
          details: { fields: { password: 'This is not your present password.' } },
        },
      },
    })
    t.like(await cairn.api('POST', '/reset', { ...wish, confirm: 'attic' }), { status: 400 })
    t.is((await cairn.api('POST', '/reset', wish, bob)).status, 403)
    const app = (await cairn.api('POST', '/users/admin/app-passwords', { label: 'x' })).body.password
    t.is((await cairn.api('POST', '/reset', wish, { name: 'admin', password: app })).status, 403)
    t.like((await cairn.api('GET', '/setup')).body, { isClaimed: true })

    t.is((await cairn.api('POST', '/reset', wish)).status, 202)
    await startedAgain(cairn)
    t.like((await cairn.api('GET', '/setup', undefined, null)).body, { isClaimed: false, hostName: 'cairn' })
    t.is((await cairn.api('GET', '/users')).status, 401)

    const setup = await unlocked(cairn)
    const found = (await setup('GET', '/setup/pools')).body
    t.like(found, [
      { name: 'pool', profile: 'raid1', missingDisks: 0, shares: ['shared'], homes: ['admin', 'bob'] },
    ])
    t.is(found[0].disks.length, 3)
    await applied(setup, {
      import: [{ uuid: found[0].uuid }],
      shares: [{ name: 'shared', everyone: 'read' }],
    })

    t.is(await get(cairn, 'shared/a.txt'), 'second')
    t.is(await get(cairn, 'mine.txt'), 'of admin')
    t.is(await idOf(cairn, 'shared/a.txt'), id)
    t.deepEqual((await cairn.api('GET', '/files/versions?path=shared/a.txt')).body, versions)
    t.is((await cairn.api('GET', '/shares/shared/snapshots')).body.length, 1)
    t.like((await cairn.api('GET', '/shares/shared')).body, { everyone: 'read' })
    t.like((await cairn.api('GET', '/pools')).body, [{ name: 'pool', state: 'healthy', profile: 'raid1' }])

    // Bob is nobody here now: his home is that of a former account, until somebody gives it to a new one.
    t.deepEqual(
      (await cairn.api('GET', '/homes')).body.map(
        ({ user, isOrphan }: { user: string; isOrphan: boolean }) => [user, isOrphan],
      ),
      [
        ['admin', false],
        ['bob', true],
      ],
    )
    t.is((await cairn.api('POST', '/users', bob)).status, 409)
    t.is((await cairn.api('POST', '/users', { ...bob, takesHome: true })).status, 201)
    t.is(await get(cairn, 'his.txt', bob), 'of bob')
  },
)

resetTest('with its name typed a pool is erased as well', async t => {
  t.timeout(longMs)
  const cairn = await startCairn(t, { args: claimed })
  await put(cairn, 'shared/a.txt', 'gone')
  const wish = { password: admin.password, confirm: 'cairn', erase: { pool: 'poll' } }
  t.like(await cairn.api('POST', '/reset', wish), {
    status: 400,
    body: {
      error: { code: 'reset/not-confirmed', details: { fields: { 'erase.pool': 'Type pool to confirm.' } } },
    },
  })
  t.is((await cairn.api('POST', '/reset', { ...wish, erase: { pool: 'pool' } })).status, 202)
  await startedAgain(cairn)
  const setup = await unlocked(cairn)
  t.deepEqual((await setup('GET', '/setup/pools')).body, [])
  const disks = (await setup('GET', '/setup/disks')).body
  t.deepEqual(
    disks
      .filter(({ isPractice }: { isPractice: boolean }) => isPractice)
      .map(({ use, contents }: { use: string; contents: string }) => [use, contents]),
    [1, 2, 3].map(() => ['free', 'Empty']),
  )
  t.deepEqual(readdirSync(join(cairn.dataDir, 'pools')), [])
})

resetTest('after a kill the next start does what was begun, whatever is still mounted', async t => {
  t.timeout(longMs)
  const dataDir = await dataFolder(t)
  const cairn = await startCairn(t, { dataDir, args: claimed })
  const { uuid, disks } = await poolOf(cairn)
  await writeMark(dataDir, { format: 1, erase: [{ name: 'pool', uuid, serials: disks }] })
  for (const pid of [cairn.pid, ...cairn.pids('agent.js'), ...cairn.pids('main.js')])
    process.kill(pid, 'SIGKILL')
  await cairn.stop()
  const again = await startCairn(t, { dataDir, args: ['--practice-disks', '3', '--practice-size', '1G'] })
  t.like((await again.api('GET', '/setup', undefined, null)).body, { isClaimed: false })
  const setup = await unlocked(again)
  t.deepEqual((await setup('GET', '/setup/pools')).body, [])
  t.deepEqual(
    again.complaints.filter(line => line.startsWith('cairn: ')),
    [],
  )
})

resetTest(
  'a pool of somebody else is found with what is missing, and a Btrfs that is no pool is not',
  async t => {
    t.timeout(longMs)
    const dataDir = await dataFolder(t)
    const first = await startCairn(t, {
      dataDir,
      args: [...claimed.slice(0, 4), '--practice-disks', '2', '--practice-size', '1G'],
    })
    const { uuid } = await poolOf(first)
    await put(first, 'shared/a.txt', 'still here')
    execFileSync('truncate', ['-s', '1G', join(dataDir, 'disks', 'disk-3.img')])
    execFileSync('mkfs.btrfs', ['-q', join(dataDir, 'disks', 'disk-3.img')])
    await first.stop()
    execFileSync('wipefs', ['-q', '--all', join(dataDir, 'disks', 'disk-2.img')])
    await writeMark(dataDir, { format: 1, erase: [] })
    const cairn = await startCairn(t, { dataDir, args: ['--practice-disks', '3', '--practice-size', '1G'] })
    const setup = await unlocked(cairn)
    const found = (await setup('GET', '/setup/pools')).body
    t.like(found, [{ uuid, missingDisks: 1, shares: ['shared'] }])
    t.is(found.length, 1)
    await applied(setup, { import: [{ uuid }] })
    t.like((await cairn.api('GET', '/pools')).body, [{ name: 'pool', state: 'degraded' }])
    t.is(await get(cairn, 'shared/a.txt'), undefined)
    t.is((await cairn.api('PUT', '/shares/shared/grants', { users: { admin: 'read' } })).status, 200)
    t.is(await get(cairn, 'shared/a.txt'), 'still here')
    t.like(await cairn.api('POST', '/pools/import', { uuid: '58158e23-2ab7-4879-8bfa-27aecb4bcf18' }), {
      status: 404,
      body: { error: { code: 'storage/nothing-to-import' } },
    })
  },
)

resetTest('without root the folder that is the pool is taken in by itself', async t => {
  t.timeout(longMs)
  const dataDir = await dataFolder(t)
  await chown(dataDir, nobody, nobody)
  const checkout = await reachableCheckout(t)
  const args = ['--admin', `${admin.name}:${admin.password}`]
  const cairn = await startCairn(t, { dataDir, checkout, uid: nobody, args })
  await put(cairn, 'shared/a.txt', 'kept')
  const wish = { password: admin.password, confirm: 'cairn' }
  t.is((await cairn.api('POST', '/reset', wish)).status, 202)
  await startedAgain(cairn)
  const setup = await unlocked(cairn)
  await applied(setup, { shares: [{ name: 'shared', everyone: 'write' }] })
  t.is(await get(cairn, 'shared/a.txt'), 'kept')
})

async function poolOf({ dataDir }: Cairn): Promise<{ uuid: string; disks: string[] }> {
  const { uuid } = JSON.parse(readFileSync(join(dataDir, 'pools/pool/manifest.json'), 'utf8'))
  return { uuid, disks: [] }
}

/** It says so a second time. */
async function startedAgain(cairn: Cairn) {
  await eventually(async () => cairn.lines.filter(line => line.startsWith('ready ')).length === 2, 60_000)
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into many shapes, and fail where one is wrong
type Setup = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: any }>

async function unlocked(cairn: Cairn): Promise<Setup> {
  const code = cairn.lines.findLast(line => line.includes('claim code'))?.match(/claim code (\S+),/)?.[1]
  const response = await fetch(`${cairn.url}/api/v1/setup/unlock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  })
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? ''
  return async (method, path, body) => {
    const answer = await fetch(`${cairn.url}/api/v1${path}`, {
      method,
      headers: { cookie, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}

async function applied(setup: Setup, document: object) {
  const { status, body } = await setup('POST', '/setup/apply', { admin, ...document })
  if (status !== 202) throw new Error(JSON.stringify(body))
  await eventually(async () => {
    const job = (await setup('GET', '/setup/progress')).body
    if (job?.state === 'failed') throw new Error(JSON.stringify(job))
    return job?.state === 'done'
  }, 30_000)
}

async function put(cairn: Cairn, path: string, body: string, user = admin) {
  const address = `${cairn.url}/dav/files/${user.name}/${path}`
  const { ok, status } = await fetch(address, {
    method: 'PUT',
    body,
    headers: { authorization: basic(user) },
  })
  if (!ok) throw new Error(`PUT ${path}: ${status}`)
}

async function get(cairn: Cairn, path: string, user = admin): Promise<string | undefined> {
  const address = `${cairn.url}/dav/files/${user.name}/${path}`
  const answer = await fetch(address, { headers: { authorization: basic(user) } })
  return answer.ok ? answer.text() : undefined
}

/** What a sync client knows the file by. */
async function idOf(cairn: Cairn, path: string): Promise<string | undefined> {
  const answer = await fetch(`${cairn.url}/dav/files/${admin.name}/${path}`, {
    method: 'PROPFIND',
    headers: { authorization: basic(admin), depth: '0' },
    body: '<propfind xmlns="DAV:" xmlns:oc="http://owncloud.org/ns"><prop><oc:fileid/></prop></propfind>',
  })
  return (await answer.text()).match(/fileid>(\d+)</)?.[1]
}
