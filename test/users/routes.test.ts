import test, { type ExecutionContext } from 'ava'
import { people } from '../helpers/people.ts'
import { type Rest, serve } from '../helpers/rest.ts'

const alice = { name: 'alice', password: 'Alice-pass-1' }
const bob = { name: 'bob', password: 'Bob-pass-22' }

async function box(t: ExecutionContext) {
  const all = await people(t)
  await all.users.create({ ...alice, role: 'admin' })
  await all.users.create(bob)
  return { ...all, rest: await serve(t, all.users.domain.routes ?? [], all.users.authenticate) }
}

/** Signs in on the page; what a browser would send along from then on. */
async function signIn(rest: Rest, who: typeof alice, remember = false) {
  const answer = await rest('POST', '/session', { body: { ...who, remember } })
  const set = answer.headers.get('set-cookie') ?? ''
  return { answer, set, cookie: set.split(';')[0] ?? '', same: { 'sec-fetch-site': 'same-origin' } }
}

test('signing in sets a cookie that script cannot read, and that signs requests', async t => {
  const { rest } = await box(t)
  const { answer, set, cookie } = await signIn(rest, alice)
  t.like(answer, { status: 200, body: { user: { name: 'alice', displayName: 'alice', role: 'admin' } } })
  t.regex(set, /^cairn-session=[0-9a-z]{32}; Path=\/; HttpOnly; SameSite=Lax$/)
  t.like(await rest('GET', '/session', { headers: { cookie } }), { status: 200, body: answer.body })
  t.is((await rest('GET', '/session')).status, 401)
  t.is((await rest('GET', '/session', { headers: { cookie: 'cairn-session=forged' } })).status, 401)
})

test('only one who wants to be remembered gets a cookie that outlives the browser', async t => {
  const { rest } = await box(t)
  t.regex((await signIn(rest, alice, true)).set, /Max-Age=2592000/)
})

test('a session changes things only for our own page', async t => {
  const { rest } = await box(t)
  const { cookie } = await signIn(rest, alice)
  const patch = (headers: Record<string, string>) =>
    rest('PATCH', '/users/alice', { headers: { cookie, ...headers }, body: { displayName: 'Alice' } })
  t.is((await patch({ 'sec-fetch-site': 'cross-site' })).status, 403)
  t.is((await patch({ 'sec-fetch-site': 'same-site' })).status, 403)
  t.is((await patch({ origin: 'http://evil.example' })).status, 403)
  t.is((await patch({ origin: 'null' })).status, 403)
  t.is((await patch({})).body.error.code, 'auth/cross-site')
  t.is((await patch({ 'sec-fetch-site': 'same-origin' })).status, 200)
})

test('another site can use neither a remembered Basic password nor the sign-in form', async t => {
  const { rest } = await box(t)
  const headers = { origin: 'http://evil.example' }
  t.is((await rest('PATCH', '/users/alice', { as: alice, headers, body: { displayName: 'x' } })).status, 403)
  t.is((await rest('POST', '/session', { headers, body: alice })).status, 403)
})

test('signing out ends the session', async t => {
  const { rest } = await box(t)
  const { cookie, same } = await signIn(rest, alice)
  t.is((await rest('DELETE', '/session', { headers: { cookie, ...same } })).status, 204)
  t.is((await rest('GET', '/session', { headers: { cookie } })).status, 401)
})

test('a session lasts while it is used, and no longer', async t => {
  const { rest, clock } = await box(t)
  const { cookie } = await signIn(rest, alice)
  const isIn = async () => (await rest('GET', '/session', { headers: { cookie } })).status === 200
  for (let hours = 0; hours < 30; hours += 6) {
    clock.advance(6 * 3_600_000)
    t.true(await isIn())
  }
  clock.advance(13 * 3_600_000)
  t.false(await isIn())
})

test('a changed password ends every other session of the account', async t => {
  const { rest } = await box(t)
  const here = await signIn(rest, bob)
  const there = await signIn(rest, bob)
  const change = (body: object) =>
    rest('PUT', '/users/bob/password', { headers: { cookie: here.cookie, ...here.same }, body })
  t.is((await change({ password: 'Changed-pass-3' })).body.error.code, 'users/wrong-current')
  t.is((await change({ password: 'Changed-pass-3', current: 'wrong' })).status, 400)
  t.is((await change({ password: 'short', current: bob.password })).body.error.code, 'input/invalid')
  t.is((await change({ password: 'Changed-pass-3', current: bob.password })).status, 204)
  t.is((await rest('GET', '/session', { headers: { cookie: here.cookie } })).status, 200)
  t.is((await rest('GET', '/session', { headers: { cookie: there.cookie } })).status, 401)
})

test('an administrator sets another’s password without knowing it', async t => {
  const { rest } = await box(t)
  const body = { password: 'Reset-pass-4' }
  t.is((await rest('PUT', '/users/bob/password', { as: alice, body })).status, 204)
  t.is((await rest('GET', '/session', { as: { name: 'bob', password: 'Reset-pass-4' } })).status, 200)
})

test('a member sees and changes only the own account', async t => {
  const { rest } = await box(t)
  t.is((await rest('GET', '/users', { as: bob })).status, 403)
  t.is((await rest('GET', '/users/alice', { as: bob })).status, 403)
  t.is((await rest('GET', '/users/bob', { as: bob })).status, 200)
  t.is((await rest('PATCH', '/users/bob', { as: bob, body: { role: 'admin' } })).status, 403)
  t.is((await rest('PATCH', '/users/bob', { as: bob, body: { displayName: 'Bob' } })).body.displayName, 'Bob')
  t.is(
    (await rest('PUT', '/users/alice/password', { as: bob, body: { password: 'Taken-over-1' } })).status,
    403,
  )
  t.is((await rest('POST', '/users/alice/app-passwords', { as: bob, body: { label: 'x' } })).status, 403)
  t.is((await rest('POST', '/groups', { as: bob, body: { name: 'g' } })).status, 403)
})

test('an account is created, shown, changed and deleted', async t => {
  const { rest } = await box(t)
  const body = { name: 'carol', password: 'Carol-pass-5', role: 'member' }
  const created = await rest('POST', '/users', { as: alice, body })
  t.like(created, { status: 201, body: { name: 'carol', displayName: 'carol', role: 'member', groups: [] } })
  t.false(created.text.includes('assword'))
  t.deepEqual((await rest('GET', '/users/carol', { as: alice })).body, created.body)
  t.is((await rest('POST', '/users', { as: alice, body })).body.error.code, 'users/name-taken')
  t.is((await rest('PATCH', '/users/carol', { as: alice, body: { role: 'admin' } })).body.role, 'admin')
  t.is((await rest('DELETE', '/users/carol', { as: alice })).status, 204)
  t.is((await rest('GET', '/users/carol', { as: alice })).status, 404)
})

for (const [what, body, field] of [
  ['a capital letter', { name: 'Carol', password: 'Carol-pass-5' }, 'name'],
  ['a name that SMB keeps', { name: 'homes', password: 'Carol-pass-5' }, 'name'],
  ['a path for a name', { name: '../x', password: 'Carol-pass-5' }, 'name'],
  ['a short password', { name: 'carol', password: '1234567' }, 'password'],
  ['an unknown role', { name: 'carol', password: 'Carol-pass-5', role: 'root' }, 'role'],
  ['an unknown field', { name: 'carol', password: 'Carol-pass-5', uid: 0 }, 'body'],
  [
    'a colon in the shown name',
    { name: 'carol', password: 'Carol-pass-5', displayName: 'a:b' },
    'displayName',
  ],
] as const) {
  test(`an account is refused, and the field named: ${what}`, async t => {
    const { rest } = await box(t)
    const { status, body: said } = await rest('POST', '/users', { as: alice, body })
    t.true(status === 400 || status === 409)
    t.truthy(said.error.details.fields[field], JSON.stringify(said))
  })
}

test('the last administrator can be neither deleted nor demoted', async t => {
  const { rest } = await box(t)
  const demote = () => rest('PATCH', '/users/alice', { as: alice, body: { role: 'member' } })
  t.is((await demote()).body.error.code, 'users/last-admin')
  t.is((await rest('DELETE', '/users/alice', { as: alice })).body.error.code, 'users/last-admin')
  await rest('PATCH', '/users/bob', { as: alice, body: { role: 'admin' } })
  t.is((await demote()).status, 200)
})

test('an app password is shown once, listed without its secret, and revoked', async t => {
  const { rest } = await box(t)
  const made = await rest('POST', '/users/bob/app-passwords', { as: alice, body: { label: 'phone' } })
  t.is(made.status, 201)
  const app = { name: 'bob', password: made.body.password as string }
  t.is((await rest('GET', '/users/bob', { as: app })).status, 200)
  const listed = await rest('GET', '/users/bob/app-passwords', { as: bob })
  t.like(listed.body, [{ id: made.body.id, label: 'phone' }])
  t.false(listed.text.includes(app.password))
  t.truthy(listed.body[0].lastUsedAt)
  t.is((await rest('DELETE', `/users/bob/app-passwords/${made.body.id}`, { as: bob })).status, 204)
  t.is((await rest('GET', '/users/bob', { as: app })).status, 401)
})

test('an app password makes no other way in', async t => {
  const { rest } = await box(t)
  const made = await rest('POST', '/users/alice/app-passwords', { as: alice, body: { label: 'script' } })
  const app = { name: 'alice', password: made.body.password as string }
  const eve = { name: 'eve', password: 'Eve-pass-333' }
  for (const [method, path, body] of [
    ['POST', '/users/alice/app-passwords', { label: 'another' }],
    ['PUT', '/users/alice/password', { password: eve.password, current: alice.password }],
    ['PUT', '/users/bob/password', { password: eve.password }],
    ['PATCH', '/users/bob', { role: 'admin' }],
    ['POST', '/users', { ...eve, role: 'admin' }],
  ] as const)
    t.is(
      (await rest(method, path, { as: app, body })).body?.error?.code,
      'auth/app-password',
      `${method} ${path}`,
    )
  t.is((await rest('POST', '/users', { as: app, body: eve })).status, 201)
})

test('groups have members that exist', async t => {
  const { rest } = await box(t)
  const create = (members: string[]) =>
    rest('POST', '/groups', { as: alice, body: { name: 'team', members } })
  t.is((await create(['mallory'])).body.error.code, 'users/unknown-member')
  t.is((await create(['bob'])).status, 201)
  t.is((await create([])).status, 409)
  t.deepEqual((await rest('GET', '/users/bob', { as: bob })).body.groups, ['team'])
  t.is((await rest('PATCH', '/groups/team', { as: alice, body: { members: ['alice'] } })).status, 200)
  t.deepEqual((await rest('GET', '/groups', { as: alice })).body, [{ name: 'team', members: ['alice'] }])
  t.is((await rest('DELETE', '/groups/team', { as: alice })).status, 204)
  t.deepEqual((await rest('GET', '/groups', { as: alice })).body, [])
})
