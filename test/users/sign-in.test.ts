import test from 'ava'
import { Failure } from '../../appliance/lib/failure.ts'
import { basic, joinEvents, people, request } from '../helpers/people.ts'

const password = 'Correct-horse-1'
const signed = (name: string, secret: string, address?: string) =>
  request({ headers: { authorization: basic(name, secret) }, ...(address ? { address } : {}) })

test('a password signs in, in whatever case the name is typed', async t => {
  const { users } = await people(t)
  await users.create({ name: 'alice', password, role: 'admin' })
  const actor = await users.authenticate(signed('Alice', password, '::ffff:192.0.2.7'))
  t.deepEqual(actor, { user: 'alice', role: 'admin', device: 'password', face: 'rest', address: '192.0.2.7' })
})

test('passwords of any script sign in', async t => {
  const { users } = await people(t)
  await users.create({ name: 'alice', password: 'pässwörd:€🙂' })
  t.is((await users.authenticate(signed('alice', 'pässwörd:€🙂')))?.user, 'alice')
})

test('nobody is signed in without credentials', async t => {
  const { users } = await people(t)
  t.is(await users.authenticate(request({})), undefined)
})

for (const authorization of [
  'Basic',
  'Basic !!!',
  'Basic YWxpY2U=',
  'Basic //46',
  'Bearer abc',
  '',
  'Basic Og==',
]) {
  test(`malformed credentials are unauthenticated: ${JSON.stringify(authorization)}`, async t => {
    const { users } = await people(t)
    const failure = await t.throwsAsync(users.authenticate(request({ headers: { authorization } })), {
      instanceOf: Failure,
    })
    t.is((failure as Failure).kind, 'unauthenticated')
  })
}

test('a wrong password and an unknown account are refused alike', async t => {
  const { users } = await people(t)
  await users.create({ name: 'alice', password })
  for (const name of ['alice', 'mallory']) {
    await t.throwsAsync(users.authenticate(signed(name, 'wrong-password')), { code: 'auth/wrong' })
  }
})

test('an app password signs in with and without its dashes, until it is revoked', async t => {
  const { users } = await people(t)
  await users.create({ name: 'alice', password })
  await users.create({ name: 'bob', password })
  const app = await users.appPasswords.create('alice', 'phone')
  t.is((await users.authenticate(signed('alice', app.password)))?.device, `app-password:${app.id}`)
  t.is((await users.authenticate(signed('alice', app.password.replaceAll('-', ''))))?.user, 'alice')
  await t.throwsAsync(users.authenticate(signed('bob', app.password)), { code: 'auth/wrong' })
  await users.appPasswords.remove('alice', app.id)
  await t.throwsAsync(users.authenticate(signed('alice', app.password)), { code: 'auth/wrong' })
})

test('the use of an app password is noted every few minutes at most', async t => {
  const { users, clock } = await people(t)
  await users.create({ name: 'alice', password })
  const app = await users.appPasswords.create('alice', 'phone')
  const lastUsedAt = async () => (await users.appPasswords.list('alice'))[0]?.lastUsedAt
  await users.authenticate(signed('alice', app.password))
  const first = await lastUsedAt()
  clock.advance(60_000)
  await users.authenticate(signed('alice', app.password))
  t.is(await lastUsedAt(), first)
  clock.advance(5 * 60_000)
  await users.authenticate(signed('alice', app.password))
  t.not(await lastUsedAt(), first)
})

test('a changed password holds at once in every process, and the old one no longer', async t => {
  const here = await people(t)
  await here.users.create({ name: 'alice', password })
  const there = await people(t, here)
  joinEvents(here.events, there.events)
  await there.users.authenticate(signed('alice', password))
  await t.throwsAsync(there.users.authenticate(signed('alice', 'Another-pass-2')), { code: 'auth/wrong' })
  await here.users.setPassword('alice', 'Another-pass-2')
  for (const { users } of [here, there]) {
    t.is((await users.authenticate(signed('alice', 'Another-pass-2')))?.user, 'alice')
    await t.throwsAsync(users.authenticate(signed('alice', password)), { code: 'auth/wrong' })
  }
})

test('a deleted account is signed out', async t => {
  const { users } = await people(t)
  await users.create({ name: 'alice', password, role: 'admin' })
  await users.create({ name: 'bob', password })
  await users.authenticate(signed('bob', password))
  await users.remove('bob')
  await t.throwsAsync(users.authenticate(signed('bob', password)), { code: 'auth/wrong' })
})

test('a role that changed holds at once', async t => {
  const { users } = await people(t)
  await users.create({ name: 'alice', password, role: 'admin' })
  await users.create({ name: 'bob', password, role: 'admin' })
  t.is((await users.authenticate(signed('bob', password)))?.role, 'admin')
  await users.update('bob', { role: 'member' })
  t.is((await users.authenticate(signed('bob', password)))?.role, 'member')
})

test('a remembered password costs neither argon2 nor SQL', async t => {
  const { users } = await people(t)
  await users.create({ name: 'alice', password })
  const asked = signed('alice', password)
  await users.authenticate(asked)
  const startedAt = process.hrtime.bigint()
  for (let i = 0; i < 1000; i++) await users.authenticate(asked)
  const perRequestUs = Number(process.hrtime.bigint() - startedAt) / 1e6
  t.log(`${perRequestUs.toFixed(1)} µs per request`)
  t.true(perRequestUs < 1000)
})

test('many connections of one client at once are one try', async t => {
  const { users } = await people(t)
  await users.create({ name: 'alice', password })
  const all = await Promise.all(
    Array.from({ length: 30 }, () => users.authenticate(signed('alice', password))),
  )
  t.true(all.every(actor => actor?.user === 'alice'))
})
