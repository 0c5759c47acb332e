import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import express from 'express'
import { z } from 'zod'
import { listingReply } from '../../appliance/files/schema.ts'
import { createErrorReply } from '../../appliance/http/errors.ts'
import { createRouter } from '../../appliance/http/route.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { actor, startDav } from '../dav/harness.ts'
import { tempFolder } from '../helpers/temp.ts'

async function startRest(t: ExecutionContext) {
  const dav = await startDav(t, await tempFolder(t))
  const app = express()
  const guards = { authenticate: async () => actor, requireSetup: async () => undefined }
  app.use('/api/v1', createRouter(dav.files.domain.routes ?? [], guards))
  app.use(createErrorReply(silentLog))
  const server = createServer(app)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`
  const send = (method: string, path: string, body?: unknown) =>
    fetch(origin + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const upload = (path: string, body: string, query = '') =>
    fetch(`${origin}/files/content?path=${encodeURIComponent(path)}${query}`, { method: 'PUT', body })
  return { dav, origin, send, upload }
}

test('files are listed in pages by name', async t => {
  const { send, upload } = await startRest(t)
  for (const name of ['c', 'a', 'b ü']) t.is((await upload(`/shared/${name}`, name)).status, 201)
  const list = async (query: string) => listingReply.parse(await (await send('GET', `/files${query}`)).json())
  const first = await list('?path=/shared&limit=2')
  t.deepEqual(
    first.entries.map(entry => entry.name),
    ['a', 'b ü'],
  )
  t.like(first, { path: '/shared', right: 'write', next: 'b ü' })
  const rest = await list(`?path=/shared&limit=2&after=${encodeURIComponent('b ü')}`)
  t.deepEqual(
    rest.entries.map(entry => entry.name),
    ['c'],
  )
  t.is(rest.next, null)
  const root = await list('')
  t.like(
    root.entries.find(entry => entry.name === 'shared'),
    { kind: 'folder', isShare: true, isAvailable: true, size: 0 },
  )
})

test('an upload answers with its entry; without overwrite a taken name is refused', async t => {
  const { upload } = await startRest(t)
  const made = await upload('/a.txt', 'hello')
  t.is(made.status, 201)
  t.like(await made.json(), { name: 'a.txt', kind: 'file', size: 5, isShare: false })
  t.is((await upload('/a.txt', 'again')).status, 200)
  const refused = await upload('/a.txt', 'no', '&overwrite=false')
  t.is(refused.status, 412)
  const failed = z.object({ error: z.object({ code: z.string() }) }).parse(await refused.json())
  t.is(failed.error.code, 'files/target-exists')
})

test('content can run nothing in our origin: only what is safe is shown in place', async t => {
  const { origin, upload } = await startRest(t)
  for (const [name, shown] of [
    ['a.html', 'attachment'],
    ['a.svg', 'attachment'],
    ['a.xml', 'attachment'],
    ['a.pdf', 'attachment'],
    ['a.js', 'attachment'],
    ['a', 'attachment'],
    ['a.png', 'inline'],
    ['a.txt', 'inline'],
    ['a.mp4', 'inline'],
  ] as const) {
    await upload(`/${name}`, '<script>alert(1)</script>')
    const got = await fetch(`${origin}/files/content?path=/${name}`)
    t.true(got.headers.get('content-disposition')?.startsWith(shown), name)
    t.is(got.headers.get('x-content-type-options'), 'nosniff')
    t.regex(got.headers.get('content-security-policy') ?? '', /^sandbox; default-src 'none'/)
    await got.arrayBuffer()
  }
  const part = await fetch(`${origin}/files/content?path=/a.txt&download=1`, {
    headers: { range: 'bytes=1-6' },
  })
  t.is(part.status, 206)
  t.is(await part.text(), 'script')
  t.true(part.headers.get('content-disposition')?.startsWith('attachment'))
})

test('folders are made, moved, copied, packed and deleted', async t => {
  const { origin, send, upload } = await startRest(t)
  t.is((await send('POST', '/files/folders', { path: '/f' })).status, 201)
  t.is((await send('POST', '/files/folders', { path: '/f' })).status, 409)
  await upload('/f/a.txt', 'a')
  t.is((await send('POST', '/files/move', { from: '/f/a.txt', to: '/f/b.txt' })).status, 200)
  t.is((await send('POST', '/files/copy', { from: '/f', to: '/shared/g' })).status, 200)
  t.is((await send('POST', '/files/copy', { from: '/f', to: '/shared/g' })).status, 412)
  const zip = await fetch(`${origin}/files/archive?path=/f&name=b.txt`)
  t.is(zip.headers.get('content-type'), 'application/zip')
  t.true(Buffer.from(await zip.arrayBuffer()).includes('b.txt'))
  t.is((await send('POST', '/files/delete', { paths: ['/f', '/shared/g/b.txt'] })).status, 204)
  t.is((await send('GET', '/files?path=/f')).status, 404)
  t.is((await send('GET', '/files?path=/../x')).status, 400)
})

test('the trash is listed, looked into, restored from and emptied', async t => {
  const { send, upload } = await startRest(t)
  const json = async (method: string, path: string, body?: unknown) => {
    const response = await send(method, path, body)
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into many shapes, and fails where one is wrong
    return { status: response.status, body: (await response.json()) as any }
  }
  await send('POST', '/files/folders', { path: '/shared/album' })
  for (const path of ['/shared/album/a.jpg', '/shared/album/b.jpg', '/letter.txt']) await upload(path, path)
  t.is((await send('POST', '/files/delete', { paths: ['/shared/album', '/letter.txt'] })).status, 204)
  const first = await json('GET', '/trash?limit=1')
  const second = await json('GET', `/trash?limit=1&after=${first.body.next}`)
  const items = [...first.body.items, ...second.body.items].sort((one, other) =>
    one.path < other.path ? -1 : 1,
  )
  t.like(items[0], {
    path: '/letter.txt',
    share: null,
    kind: 'file',
    size: 11,
    deletedBy: 'alice',
    why: 'deleted',
  })
  t.like(items[1], { path: '/shared/album', share: 'shared', kind: 'folder', canRestore: true })
  const album = items[1].id
  t.is((await json('GET', '/trash?path=/shared')).body.items.length, 1)
  const inside = await json('GET', `/trash/files?id=${encodeURIComponent(album)}`)
  t.deepEqual(
    inside.body.entries.map(({ name }: { name: string }) => name),
    ['a.jpg', 'b.jpg'],
  )
  t.like(inside.body.item, { id: album, path: '/shared/album', canRestore: true, size: null })
  t.is((await send('GET', '/history/usage')).status, 200)
  const counted = (await json('GET', '/trash?path=/shared')).body.items[0].size
  t.is(counted, '/shared/album/a.jpg'.length + '/shared/album/b.jpg'.length)
  const content = await send('GET', `/trash/content?id=${encodeURIComponent(album)}&path=b.jpg`)
  t.is(await content.text(), '/shared/album/b.jpg')
  t.regex(content.headers.get('content-disposition') ?? '', /^attachment/)

  await upload('/letter.txt', 'new')
  const letter = { items: [{ id: items[0].id }] }
  t.is((await json('POST', '/trash/restore', letter)).body.error.code, 'files/target-exists')
  const both = { items: [{ id: items[0].id }, { id: album, path: 'a.jpg' }], to: '/shared' }
  const restored = await json('POST', '/trash/restore', both)
  t.deepEqual(
    restored.body.restored.map(({ path }: { path: string }) => path),
    ['/shared/letter.txt', '/shared/a.jpg'],
  )
  const again = await json('POST', '/trash/restore', { items: [{ id: items[0].id }, { id: album }] })
  t.is(again.body.restored.length, 1)
  t.like(again.body.failed, [{ id: items[0].id, code: 'files/not-in-trash' }])
  t.is((await send('POST', '/files/delete', { paths: ['/letter.txt'], forGood: true })).status, 204)
  t.deepEqual((await json('GET', '/trash')).body, { items: [], next: null })
  await send('POST', '/files/delete', { paths: ['/shared/letter.txt', '/shared/a.jpg'] })
  const [one] = (await json('GET', '/trash')).body.items
  t.is((await send('POST', '/trash/delete', { items: [{ id: one.id }] })).status, 204)
  t.is((await send('POST', '/trash/empty', {})).status, 204)
  t.is((await json('GET', '/history/usage')).body.volumes[0].trashItems, 0)
})

test('versions are listed, downloaded, named, restored and deleted', async t => {
  const { send, upload } = await startRest(t)
  for (const content of ['one', 'second']) await upload('/shared/a.txt', content)
  const list = async () =>
    (await (await send('GET', '/files/versions?path=/shared/a.txt')).json()) as Listed[]
  interface Listed {
    id: string
    size: number
    current: boolean
    label: string | null
    author: string | null
  }
  const [current, old] = await list()
  t.like(current, { size: 6, current: true, author: 'alice', kind: 'version' })
  t.like(old, { size: 3, current: false, label: null })
  const one = { path: '/shared/a.txt', id: old?.id ?? '' }
  const content = await send('GET', `/files/versions/content?path=/shared/a.txt&id=${one.id}`)
  t.is(await content.text(), 'one')
  t.is((await send('POST', '/files/versions/label', { ...one, label: 'draft' })).status, 204)
  t.is((await list())[1]?.label, 'draft')
  t.is((await send('POST', '/files/versions/restore', one)).status, 200)
  t.deepEqual(
    (await list()).map(({ size }) => size),
    [3, 6, 3],
  )
  t.is((await send('POST', '/files/versions/delete', one)).status, 204)
  t.is((await list()).length, 2)
  t.is((await send('POST', '/files/versions/delete', one)).status, 404)
  t.is((await send('GET', '/files/versions?path=/shared')).status, 403)
})
