import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createShares } from '../../appliance/shares/index.ts'
import { createUsers } from '../../appliance/users/index.ts'
import { joinEvents } from '../helpers/people.ts'
import { serve } from '../helpers/rest.ts'
import { startWorld, untuned, type World } from './world.ts'

const alice = { name: 'alice', password: 'Alice-pass-1' }
const bob = { name: 'bob', password: 'Bob-pass-22' }

async function box(t: ExecutionContext) {
  const world = await startWorld(t)
  await world.users.create({ ...alice, role: 'admin' })
  await world.users.create(bob)
  const routes = [...(world.shares.domain.routes ?? []), ...(world.users.domain.routes ?? [])]
  return { ...world, rest: await serve(t, routes, world.users.authenticate) }
}

const names = (world: Pick<World, 'shares'>, user: string) =>
  world.shares.volumes({ user }).map(({ name, right }) => `${name}:${right}`)

const folderOf = (world: World, ...parts: string[]) => join(world.box.poolsDir, 'pool', ...parts)

test('a new account has a home, and the home comes first', async t => {
  const world = await box(t)
  await world.shares.create({ name: 'Archive', pool: 'pool', everyone: 'read' })
  t.deepEqual(names(world, 'alice'), ['alice:write', 'Archive:read'])
  t.like(world.shares.home({ user: 'alice' }), {
    kind: 'home',
    path: folderOf(world, 'homes', 'alice'),
    isAvailable: true,
    isReadOnly: false,
  })
  t.true(existsSync(folderOf(world, 'homes', 'alice', '.cairn', 'trash')))
})

test('grants decide, and being an administrator is no grant', async t => {
  const world = await box(t)
  await world.shares.create({ name: 'media', pool: 'pool' })
  t.is(world.shares.volume({ user: 'alice' }, 'media'), undefined)
  await world.users.groups.create({ name: 'team', members: ['bob'] })
  await world.shares.setGrants('media', { users: { bob: 'read' }, groups: { team: 'write' } })
  t.is(world.shares.volume({ user: 'bob' }, 'media')?.right, 'write')
  await world.users.groups.remove('team')
  t.is(world.shares.volume({ user: 'bob' }, 'media')?.right, 'read')
  await world.shares.setGrants('media', { users: {}, everyone: 'write' })
  t.is(world.shares.volume({ user: 'alice' }, 'media')?.right, 'write')
})

test('a grant to somebody who is not there is refused, and the field named', async t => {
  const { rest } = await box(t)
  await rest('POST', '/shares', { as: alice, body: { name: 'media', pool: 'pool' } })
  const body = { users: { mallory: 'read' }, groups: { none: 'read' } }
  const { status, body: said } = await rest('PUT', '/shares/media/grants', { as: alice, body })
  t.is(status, 400)
  t.deepEqual(Object.keys(said.error.details.fields), ['users.mallory', 'groups.none'])
  t.is(
    (await rest('PUT', '/shares/media/grants', { as: alice, body: { users: { bob: 'all' } } })).status,
    400,
  )
})

test('shares and accounts are one namespace, whatever the case', async t => {
  const { rest } = await box(t)
  const create = (name: string) => rest('POST', '/shares', { as: alice, body: { name, pool: 'pool' } })
  t.is((await create('Media')).status, 201)
  for (const name of [
    'media',
    'ALICE',
    'Homes',
    'ipc$',
    '.cairn',
    'IPC$',
    'a/b',
    '..',
    'x%u',
    'dot.',
    ' a',
    'new\nline',
  ])
    t.true([400, 409].includes((await create(name)).status), name)
  const account = { name: 'media', password: 'Media-pass-1' }
  t.is((await rest('POST', '/users', { as: alice, body: account })).body.error.code, 'users/name-taken')
})

test('a member sees the shares with a right, and no grants', async t => {
  const { rest } = await box(t)
  for (const [name, everyone] of [
    ['open', 'read'],
    ['closed', 'none'],
  ])
    await rest('POST', '/shares', { as: alice, body: { name, pool: 'pool', everyone } })
  const seen = (await rest('GET', '/shares', { as: bob })).body
  t.like(seen, [{ name: 'open', right: 'read', isAvailable: true }])
  t.false('everyone' in seen[0])
  t.is((await rest('GET', '/shares/closed', { as: bob })).status, 404)
  const all = (await rest('GET', '/shares', { as: alice })).body
  t.like(all, [{ name: 'closed', everyone: 'none', users: {}, groups: {}, right: 'none' }, { name: 'open' }])
  t.is((await rest('POST', '/shares', { as: bob, body: { name: 'mine', pool: 'pool' } })).status, 403)
})

test('a share says how to reach it, under the name the client knows this box by', async t => {
  const { rest, smbPort } = await box(t)
  const { body } = await rest('POST', '/shares', { as: alice, body: { name: 'My media', pool: 'pool' } })
  t.is(body.addresses.macos, `smb://127.0.0.1:${smbPort}/My%20media`)
  t.is(body.addresses.windows, `net use * "\\\\127.0.0.1\\My media" /tcpport:${smbPort}`)
  t.regex(body.addresses.webdav, /^http:\/\/127\.0\.0\.1:\d+\/webdav\/My%20media\/$/)
})

test('a share is deleted with everything in it, after its name was typed', async t => {
  const world = await box(t)
  await world.shares.create({ name: 'media', pool: 'pool', everyone: 'write' })
  await writeFile(folderOf(world, 'shares', 'media', 'a.txt'), 'a')
  const remove = (confirm: string) => world.rest('DELETE', '/shares/media', { as: alice, body: { confirm } })
  t.is((await remove('Media')).body.error.code, 'shares/not-confirmed')
  t.is((await remove('media')).status, 204)
  t.false(existsSync(folderOf(world, 'shares', 'media')))
  t.is((await remove('media')).status, 404)
  t.is(
    (await world.rest('POST', '/shares', { as: alice, body: { name: 'media', pool: 'pool' } })).status,
    201,
  )
})

test('a share needs a pool that is there', async t => {
  const { rest } = await box(t)
  const { status, body } = await rest('POST', '/shares', {
    as: alice,
    body: { name: 'media', pool: 'other' },
  })
  t.is(status, 400)
  t.truthy(body.error.details.fields.pool)
})

test('files that are there already under the name are never taken over', async t => {
  const world = await box(t)
  await mkdir(folderOf(world, 'shares', 'media'))
  await writeFile(folderOf(world, 'shares', 'media', 'old.txt'), 'old')
  await t.throwsAsync(world.shares.create({ name: 'media', pool: 'pool' }), { code: 'shares/folder-there' })
  t.true(existsSync(folderOf(world, 'shares', 'media', 'old.txt')))
  await rm(folderOf(world, 'shares', 'media', 'old.txt'))
  await world.shares.create({ name: 'media', pool: 'pool' })
})

test('the home of a deleted account stays, and nobody new is given it', async t => {
  const world = await box(t)
  await writeFile(folderOf(world, 'homes', 'bob', 'diary.txt'), 'private')
  await world.rest('DELETE', '/users/bob', { as: alice })
  t.deepEqual((await world.rest('GET', '/homes', { as: alice })).body.at(-1), {
    user: 'bob',
    pool: 'pool',
    isOrphan: true,
  })
  t.is((await world.rest('POST', '/users', { as: alice, body: bob })).status, 409)
  t.true(existsSync(folderOf(world, 'homes', 'bob', 'diary.txt')))
  const remove = (user: string, confirm = user) =>
    world.rest('DELETE', `/homes/${user}`, { as: alice, body: { confirm } })
  t.is((await remove('alice')).status, 404)
  t.is((await remove('bob', 'Bob')).status, 400)
  t.is((await remove('bob')).status, 204)
  t.false(existsSync(folderOf(world, 'homes', 'bob')))
  t.is((await world.rest('POST', '/users', { as: alice, body: bob })).status, 201)
})

test('a home goes with its account when that is asked for', async t => {
  const world = await box(t)
  t.is((await world.rest('DELETE', '/users/bob?home=delete', { as: alice })).status, 204)
  t.false(existsSync(folderOf(world, 'homes', 'bob')))
  t.is((await world.rest('POST', '/users', { as: alice, body: bob })).status, 201)
})

test('another process sees at once what was decided in one', async t => {
  const world = await box(t)
  const database = await openDatabase(join(world.box.folder, 'people.db'))
  t.teardown(() => database.destroy())
  const events = createEvents()
  joinEvents(world.box.events, events)
  const kit = {
    database,
    events,
    log: silentLog,
    clock: { now: Date.now },
    agent: world.agent,
    config: world.config,
  }
  const users = createUsers(kit)
  const system = { name: () => 'cairn' }
  const shares = createShares({ ...kit, storage: world.box.storage, users, system, tuning: untuned })
  await migrateDatabase(database, [...(users.domain.migrations ?? []), ...(shares.domain.migrations ?? [])])
  await users.domain.start?.()
  await shares.domain.start?.()
  const heard = new Promise<void>(resolve => {
    events.on('shares/changed', ({ share }) => share === 'late' && resolve())
  })
  await world.shares.create({ name: 'late', pool: 'pool', everyone: 'read' })
  await heard
  await shares.domain.start?.()
  t.deepEqual(names({ shares }, 'bob'), ['bob:write', 'late:read'])
})

test('without Samba everything else works, and a health issue says what to install', async t => {
  const world = await box(t)
  const issues = (await Promise.all((world.shares.domain.checks ?? []).map(check => check()))).flat()
  t.like(issues, [{ code: 'shares/smb-not-installed', severity: 'warning' }])
  t.regex(issues[0]?.suggestions[0]?.label ?? '', /apt install/)
})
