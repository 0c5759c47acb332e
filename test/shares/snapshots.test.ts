import { mkdir, open, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { getXattr, setXattr } from '../../appliance/lib/posix.ts'
import { testIf } from '../helpers/needs.ts'
import { serve } from '../helpers/rest.ts'
import { startWorld } from './world.ts'

const alice = { name: 'alice', password: 'Alice-pass-1' }
const bob = { name: 'bob', password: 'Bob-pass-22' }
const eve = { name: 'eve', password: 'Eve-pass-333' }
const longAgo = new Date('2020-02-02T02:02:02Z')

/** `a.txt` and `sub/b.txt` are in a snapshot and have changed since; alice administers, bob may read, eve nothing. */
async function box(t: ExecutionContext, isReal = false) {
  const world = await startWorld(t, { isReal })
  await world.users.create({ ...alice, role: 'admin' })
  await world.users.create(bob)
  await world.users.create(eve)
  await world.shares.create({ name: 'media', pool: 'pool' })
  await world.shares.setGrants('media', { users: { alice: 'write', bob: 'read' } })
  const live = (...names: string[]) => join(world.box.poolsDir, 'pool', 'shares', 'media', ...names)
  await writeFile(live('a.txt'), 'first')
  await utimes(live('a.txt'), longAgo, longAgo)
  setXattr(live('a.txt'), 'user.cairn.id', Buffer.from('one'))
  await mkdir(live('sub'))
  await writeFile(live('sub', 'b.txt'), 'first b')
  await symlink('/etc/passwd', live('link'))
  const rest = await serve(t, world.shares.domain.routes ?? [], world.users.authenticate)
  const { body } = await rest('POST', '/shares/media/snapshots', { as: alice, body: { label: 'before' } })
  await writeFile(live('a.txt'), 'second')
  return { ...world, rest, live, at: `/shares/media/snapshots/${body.id}` }
}

const fill = (text: string) => encodeURIComponent(text)

test('snapshots are listed to those who see the share, and made and deleted by administrators', async t => {
  const { rest, at } = await box(t)
  t.like((await rest('GET', '/shares/media/snapshots', { as: bob })).body, [{ label: 'before' }])
  t.is((await rest('GET', '/shares/media/snapshots', { as: eve })).status, 404)
  t.is((await rest('POST', '/shares/media/snapshots', { as: bob, body: {} })).status, 403)
  t.is((await rest('DELETE', at, { as: bob })).status, 403)
  t.is((await rest('DELETE', at, { as: alice })).status, 204)
  t.deepEqual((await rest('GET', '/shares/media/snapshots', { as: bob })).body, [])
})

test('a snapshot is browsed: no links, nothing of ours, page by page', async t => {
  const { rest, at } = await box(t)
  const { body } = await rest('GET', `${at}/files?path=/`, { as: bob })
  t.deepEqual(
    body.entries.map((entry: { name: string; kind: string; size: number | null }) => [
      entry.name,
      entry.kind,
      entry.size,
    ]),
    [
      ['a.txt', 'file', 5],
      ['sub', 'folder', null],
    ],
  )
  t.is(body.entries[0].modifiedAt, longAgo.toISOString())
  const first = (await rest('GET', `${at}/files?limit=1`, { as: bob })).body
  t.is(first.next, 'a.txt')
  t.like((await rest('GET', `${at}/files?limit=1&after=a.txt`, { as: bob })).body, {
    entries: [{ name: 'sub' }],
    next: null,
  })
  t.like((await rest('GET', `${at}/files?path=/sub`, { as: bob })).body, { entries: [{ name: 'b.txt' }] })
})

test('a file of a snapshot is downloaded, and never shown in our origin', async t => {
  const { rest, at } = await box(t)
  const answer = await rest('GET', `${at}/content?path=/a.txt`, { as: bob })
  t.is(answer.text, 'first')
  t.is(answer.headers.get('content-disposition'), "attachment; filename*=UTF-8''a.txt")
  t.is(answer.headers.get('x-content-type-options'), 'nosniff')
  t.regex(answer.headers.get('content-security-policy') ?? '', /sandbox/)
})

for (const path of [
  '/link',
  '/../../../../etc/passwd',
  '/sub/../../x',
  '/.cairn/trash',
  '/a.txt/x',
  '/none',
  '/sub',
  '/a\0b',
  `/${'x'.repeat(300)}`,
]) {
  test(`nothing is read outside the share or that is no file: ${JSON.stringify(path.slice(0, 30))}`, async t => {
    const { rest, at } = await box(t)
    t.true([400, 404].includes((await rest('GET', `${at}/content?path=${fill(path)}`, { as: bob })).status))
    t.true([400, 404].includes((await rest('POST', `${at}/restore`, { as: alice, body: { path } })).status))
    if (path !== '/sub')
      t.true([400, 404].includes((await rest('GET', `${at}/files?path=${fill(path)}`, { as: bob })).status))
  })
}

test('an odd snapshot name is refused', async t => {
  const { rest } = await box(t)
  t.is((await rest('GET', `/shares/media/snapshots/${fill('../..')}/files`, { as: alice })).status, 400)
  t.is(
    (await rest('GET', '/shares/media/snapshots/@GMT-2001.01.01-00.00.00/files', { as: alice })).status,
    404,
  )
})

test('who has no right sees no content, administrators included', async t => {
  const { rest, at, shares } = await box(t)
  t.is((await rest('GET', `${at}/content?path=/a.txt`, { as: eve })).status, 404)
  await shares.setGrants('media', { users: { bob: 'read' } })
  t.is((await rest('GET', `${at}/content?path=/a.txt`, { as: alice })).status, 403)
  t.is((await rest('POST', `${at}/restore`, { as: bob, body: { path: '/a.txt' } })).status, 403)
})

function restoring(
  declare: (title: string, run: (t: ExecutionContext) => Promise<void>) => void,
  kind: string,
  isReal: boolean,
) {
  declare(`${kind}: a file comes back with its time and attributes, and what was there is kept`, async t => {
    const { rest, at, live } = await box(t, isReal)
    t.is((await rest('POST', `${at}/restore`, { as: alice, body: { path: '/a.txt' } })).status, 204)
    t.is(await readFile(live('a.txt'), 'utf8'), 'first')
    t.is((await stat(live('a.txt'))).mtimeMs, longAgo.getTime())
    // A snapshot of a plain folder is a copy, and has none.
    if (isReal) t.is(getXattr(live('a.txt'), 'user.cairn.id')?.toString(), 'one')
    const kept = (await rest('GET', '/shares/media/snapshots', { as: alice })).body.at(-1)
    t.is(kept.label, 'Before a.txt was restored')
    const before = await rest('GET', `/shares/media/snapshots/${kept.id}/content?path=/a.txt`, { as: alice })
    t.is(before.text, 'second')
  })

  declare(`${kind}: the whole share comes back`, async t => {
    const { rest, at, live } = await box(t, isReal)
    t.is((await rest('POST', `${at}/restore`, { as: alice, body: {} })).status, 204)
    t.is(await readFile(live('a.txt'), 'utf8'), 'first')
  })
}
restoring(test, 'folder', false)
restoring(testIf('root', 'btrfs', 'smbd'), 'btrfs', true)

test('a deleted file comes back into a folder that is gone too', async t => {
  const { rest, at, live } = await box(t)
  await rm(live('sub'), { recursive: true })
  t.is((await rest('POST', `${at}/restore`, { as: alice, body: { path: '/sub/b.txt' } })).status, 204)
  t.is(await readFile(live('sub', 'b.txt'), 'utf8'), 'first b')
})

test('a link that took the place of a folder leads nowhere', async t => {
  const { rest, at, live, box: machine } = await box(t)
  await rm(live('sub'), { recursive: true })
  await symlink(machine.folder, live('sub'))
  t.is(
    (await rest('POST', `${at}/restore`, { as: alice, body: { path: '/sub/b.txt' } })).body.error.code,
    'shares/in-the-way',
  )
})

test('a file that somebody has open for writing is not replaced', async t => {
  const { rest, at, live } = await box(t)
  const file = await open(live('a.txt'), 'r+')
  t.is((await rest('POST', `${at}/restore`, { as: alice, body: { path: '/a.txt' } })).status, 423)
  await file.close()
  t.is(await readFile(live('a.txt'), 'utf8'), 'second')
})

test('one’s own home has snapshots under the account’s name', async t => {
  const { rest } = await box(t)
  t.is((await rest('POST', '/shares/alice/snapshots', { as: alice, body: {} })).status, 201)
  t.is((await rest('GET', '/shares/alice/snapshots', { as: alice })).body.length, 1)
  t.is((await rest('GET', '/shares/alice/snapshots', { as: bob })).status, 404)
  t.is((await rest('GET', '/shares/bob/snapshots', { as: alice })).status, 404)
})
