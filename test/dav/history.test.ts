import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { tempFolder } from '../helpers/temp.ts'
import { type Harness, startDav } from './harness.ts'

const files = '/remote.php/dav/files/alice/shared'
const trashbin = '/remote.php/dav/trashbin/alice'
const versions = '/remote.php/dav/versions/alice'

const start = async (t: ExecutionContext) => startDav(t, await tempFolder(t))

async function put(dav: Harness, path: string, body: string, modified?: number): Promise<string> {
  const headers: Record<string, string> = modified ? { 'x-oc-mtime': String(modified) } : {}
  const response = await dav.fetch(path, { method: 'PUT', body, headers })
  if (response.status !== 201 && response.status !== 204) throw new Error(`PUT ${path}: ${response.status}`)
  return String(Number(response.headers.get('oc-fileid')?.replace(/oc.*$/, '')))
}

interface Found {
  href: string
  /** Values that are there, by name. */
  properties: Record<string, string>
}

async function propfind(dav: Harness, path: string, names: string, depth = '1', user = 'alice') {
  const body = `<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns"><d:prop>${names}</d:prop></d:propfind>`
  const response = await dav.fetch(path, { method: 'PROPFIND', headers: { depth }, body, user })
  const text = await response.text()
  const found: Found[] = [...text.matchAll(/<d:response>(.*?)<\/d:response>/gs)].map(([, one = '']) => {
    const ok = /<d:propstat><d:prop>(.*?)<\/d:prop><d:status>HTTP\/1.1 200/s.exec(one)?.[1] ?? ''
    const values = [...ok.matchAll(/<(?:d|oc|nc):([\w-]+)>(.*?)<\/(?:d|oc|nc):\1>/gs)]
    return {
      href: /<d:href>(.*?)<\/d:href>/.exec(one)?.[1] ?? '',
      properties: Object.fromEntries(values.map(([, name = '', value = '']) => [name, value])),
    }
  })
  return { status: response.status, text, found }
}

const asked =
  '<d:getcontentlength/><d:resourcetype/><oc:id/><oc:fileid/><oc:size/><oc:permissions/><nc:trashbin-filename/><nc:trashbin-original-location/><nc:trashbin-deletion-time/><nc:trashbin-title/><nc:trashbin-deleted-by-id/><nc:has-preview/><d:getlastmodified/><d:getetag/><d:displayname/><nc:mount-type/>'

async function trashed(dav: Harness, user = 'alice') {
  const { found } = await propfind(dav, `/remote.php/dav/trashbin/${user}/trash/`, asked, '1', user)
  return found.slice(1)
}

test('the trash lists what was deleted as clients of Nextcloud know it', async t => {
  const dav = await start(t)
  const id = await put(dav, `${files}/t ü.txt`, 'trashme')
  t.is((await dav.fetch(`${files}/t ü.txt`, { method: 'DELETE' })).status, 204)
  const { status, found } = await propfind(dav, `${trashbin}/trash`, asked)
  t.is(status, 207)
  const [collection, item] = found
  t.is(collection?.href, `${trashbin}/trash/`)
  t.regex(item?.href ?? '', /^\/remote\.php\/dav\/trashbin\/alice\/trash\/t%20%C3%BC\.txt\.d\d{10}$/)
  const second = item?.properties['trashbin-deletion-time']
  t.true(Math.abs(Number(second) - Date.now() / 1000) < 60)
  t.like(item?.properties, {
    getcontentlength: '7',
    id,
    fileid: id,
    size: '7',
    permissions: 'GD',
    'trashbin-filename': 't ü.txt',
    'trashbin-original-location': 'shared/t ü.txt',
    'trashbin-title': 'shared/t ü.txt',
    'trashbin-deleted-by-id': 'alice',
    'has-preview': 'false',
    getetag: second ?? '',
    displayname: 't ü.txt',
  })
  t.is(await (await dav.fetch(item?.href ?? '')).text(), 'trashme')
})

test('a MOVE to restore brings it back with its id and properties, beside what has its name now', async t => {
  const dav = await start(t)
  const id = await put(dav, `${files}/t.txt`, 'old')
  const set = `<d:propertyupdate xmlns:d="DAV:" xmlns:x="urn:x"><d:set><d:prop><x:note>mine</x:note></d:prop></d:set></d:propertyupdate>`
  await dav.fetch(`${files}/t.txt`, { method: 'PROPPATCH', body: set })
  for (const [name, body] of [
    ['t.txt', 'old'],
    ['t (restored).txt', 'old'],
  ] as const) {
    await dav.fetch(`${files}/t.txt`, { method: 'DELETE' })
    if (name !== 't.txt') await put(dav, `${files}/t.txt`, 'new')
    const [item] = await trashed(dav)
    const destination = `${trashbin}/restore/t.txt`
    const response = await dav.fetch(item?.href ?? '', { method: 'MOVE', headers: { destination } })
    t.is(response.status, 201)
    t.is(await (await dav.fetch(`${files}/${name}`)).text(), body)
    t.is((await propfind(dav, `${files}/${name}`, '<oc:fileid/>', '0')).found[0]?.properties.fileid, id)
    t.regex((await propfind(dav, `${files}/${name}`, '<x:note xmlns:x="urn:x"/>', '0')).text, />mine</)
  }
  t.is(await (await dav.fetch(`${files}/t.txt`)).text(), 'new')
  t.deepEqual(await trashed(dav), [])
})

test('a deleted folder is looked into, and one thing of it restored or deleted', async t => {
  const dav = await start(t)
  await dav.fetch(`${files}/album`, { method: 'MKCOL' })
  for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) await put(dav, `${files}/album/${name}`, name)
  await dav.fetch(`${files}/album`, { method: 'DELETE' })
  const [item] = await trashed(dav)
  const top = (item?.href ?? '').replace(/\/$/, '')
  const inner = await propfind(dav, `${top}/`, asked)
  t.is(inner.found.length, 4)
  t.is(
    inner.found.find(({ href }) => href.endsWith('/b.jpg'))?.properties['trashbin-original-location'],
    'shared/album/b.jpg',
  )
  t.is(await (await dav.fetch(`${top}/b.jpg`)).text(), 'b.jpg')
  const destination = `${dav.origin}${trashbin}/restore/anything`
  t.is((await dav.fetch(`${top}/a.jpg`, { method: 'MOVE', headers: { destination } })).status, 201)
  t.is(await (await dav.fetch(`${files}/album/a.jpg`)).text(), 'a.jpg')
  t.is((await dav.fetch(`${top}/b.jpg`, { method: 'DELETE' })).status, 204)
  t.is((await propfind(dav, `${top}/`, asked)).found.length, 2)
  const elsewhere = { destination: `${files}/elsewhere.jpg`, overwrite: 'F' }
  t.is((await dav.fetch(`${top}/c.jpg`, { method: 'MOVE', headers: elsewhere })).status, 201)
  t.is(await (await dav.fetch(`${files}/elsewhere.jpg`)).text(), 'c.jpg')
})

test('two things of one name and second have addresses of their own, and emptying takes all', async t => {
  const dav = await start(t)
  for (let count = 0; count < 6; count += 1) {
    await put(dav, `${files}/same`, String(count))
    await dav.fetch(`${files}/same`, { method: 'DELETE' })
  }
  const items = await trashed(dav)
  t.is(new Set(items.map(({ href }) => href)).size, 6)
  const bodies = await Promise.all(items.map(async ({ href }) => (await dav.fetch(href)).text()))
  t.deepEqual(bodies.sort(), ['0', '1', '2', '3', '4', '5'])
  t.is((await dav.fetch(items[2]?.href ?? '', { method: 'DELETE' })).status, 204)
  t.is((await trashed(dav)).length, 5)
  t.is((await dav.fetch(`${trashbin}/trash`, { method: 'DELETE' })).status, 204)
  t.deepEqual(await trashed(dav), [])
})

test('X-NC-Skip-Trashbin deletes for good', async t => {
  const dav = await start(t)
  await put(dav, `${files}/t.txt`, 'x')
  const headers = { 'x-nc-skip-trashbin': 'true' }
  t.is((await dav.fetch(`${files}/t.txt`, { method: 'DELETE', headers })).status, 204)
  t.deepEqual(await trashed(dav), [])
  t.false((await readdir(join(dav.volumes.shared.path, '.cairn'))).includes('trash'))
})

test('nobody sees or touches what is another’s, and what is not there is 404', async t => {
  const dav = await start(t)
  await put(dav, '/remote.php/dav/files/alice/letter', 'x')
  await put(dav, '/remote.php/dav/files/alice/media/film', 'x')
  for (const path of ['letter', 'media/film'])
    await dav.fetch(`/remote.php/dav/files/alice/${path}`, { method: 'DELETE' })
  t.is((await propfind(dav, `${trashbin}/trash/`, asked, '1', 'bob')).status, 404)
  const [film, ...others] = await trashed(dav, 'bob')
  t.is(others.length, 0)
  t.is(film?.properties.permissions, 'G')
  const bobs = film?.href ?? ''
  t.is((await dav.fetch(bobs, { method: 'DELETE', user: 'bob' })).status, 403)
  const destination = '/remote.php/dav/trashbin/bob/restore/film'
  t.is((await dav.fetch(bobs, { method: 'MOVE', user: 'bob', headers: { destination } })).status, 403)
  for (const name of ['x.d1', 'x', 'a%2f..%2f..', 'x.d99999999999999999'])
    t.true([400, 404].includes((await dav.fetch(`${trashbin}/trash/${name}`)).status), name)
  t.is((await dav.fetch(`${trashbin}/trash/x`, { method: 'PUT', body: 'x' })).status, 405)
  t.is((await dav.fetch(`${trashbin}/restore/x`, { method: 'PUT', body: 'x' })).status, 405)
  t.is((await dav.fetch(`${trashbin}/elsewhere/x`)).status, 404)
})

const ofVersions =
  '<d:getcontentlength/><d:getcontenttype/><d:getlastmodified/><d:getetag/><d:resourcetype/><nc:version-label/><nc:version-author/><nc:has-preview/>'

test('the versions of a file are listed by its id, read, named, restored and deleted', async t => {
  const dav = await start(t)
  const id = await put(dav, `${files}/a.txt`, 'one', 1_500_000_000)
  await put(dav, `${files}/a.txt`, 'second', 1_600_000_000)
  await put(dav, `${files}/a.txt`, 'the third', 1_700_000_000)
  const at = `${versions}/versions/${id}`
  const list = async () => (await propfind(dav, at, ofVersions)).found
  const [collection, ...all] = await list()
  t.is(collection?.href, `${at}/`)
  t.deepEqual(
    all.map(({ href, properties }) => [href, properties.getcontentlength, properties['version-author']]),
    [
      [`${at}/1700000000`, '9', 'alice'],
      [`${at}/1600000000`, '6', 'alice'],
      [`${at}/1500000000`, '3', 'alice'],
    ],
  )
  t.like(all[1]?.properties, {
    getetag: '1600000000',
    getcontenttype: 'text/plain',
    getlastmodified: 'Sun, 13 Sep 2020 12:26:40 GMT',
  })
  t.is(await (await dav.fetch(`${at}/1500000000`)).text(), 'one')
  const label = `<d:propertyupdate xmlns:d="DAV:" xmlns:nc="http://nextcloud.org/ns"><d:set><d:prop><nc:version-label>first &amp; best</nc:version-label></d:prop></d:set></d:propertyupdate>`
  t.is((await dav.fetch(`${at}/1500000000`, { method: 'PROPPATCH', body: label })).status, 207)
  t.is((await list())[3]?.properties['version-label'], 'first &amp; best')
  const headers = { destination: `${dav.origin}${versions}/restore/a.txt` }
  t.is((await dav.fetch(`${at}/1600000000`, { method: 'MOVE', headers })).status, 201)
  t.is(await (await dav.fetch(`${files}/a.txt`)).text(), 'second')
  t.deepEqual(
    (await list()).slice(1).map(({ href }) => href.split('/').at(-1)),
    ['1600000000', '1700000000', '1500000000'],
  )
  t.is((await dav.fetch(`${at}/1700000000`, { method: 'DELETE' })).status, 204)
  t.is((await dav.fetch(`${at}/1700000000`)).status, 404)
  t.is((await dav.fetch(`${at}/1600000000`, { method: 'DELETE' })).status, 403)
})

test('versions of what one may not see, and of no file, are 404', async t => {
  const dav = await start(t)
  const id = await put(dav, '/remote.php/dav/files/alice/letter', 'one')
  await put(dav, '/remote.php/dav/files/alice/letter', 'two')
  for (const path of [id, '1', '0', 'x', `${id}/1`, `${id}/..%2f..`, '99999999999999999999'])
    t.true(
      [400, 404].includes(
        (await propfind(dav, `/dav/versions/bob/versions/${path}`, ofVersions, '1', 'bob')).status,
      ),
      path,
    )
  const locked = await dav.fetch('/dav/files/alice/letter', {
    method: 'LOCK',
    body: '<d:lockinfo xmlns:d="DAV:"><d:lockscope><d:exclusive/></d:lockscope><d:locktype><d:write/></d:locktype></d:lockinfo>',
  })
  t.is(locked.status, 200)
  const { found } = await propfind(dav, `/dav/versions/alice/versions/${id}`, ofVersions)
  const headers = { destination: '/dav/versions/alice/restore/letter' }
  t.is((await dav.fetch(found[2]?.href ?? '', { method: 'MOVE', headers })).status, 423)
  t.is(await (await dav.fetch('/dav/files/alice/letter')).text(), 'two')
})
