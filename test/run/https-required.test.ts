import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { admin, basic, eventually, freePort, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const withBtrfs = testIf('root', 'btrfs')
const servers = 2

withBtrfs('the wizard ends over HTTP while files go over HTTPS alone, until programs are let in', async t => {
  const port = await freePort()
  const args = ['--https-port', String(port), '--https', 'required', '--servers', String(servers)]
  const cairn = await startCairn(t, { args })
  const secure = `https://127.0.0.1:${port}`
  const signed = { authorization: basic(admin) }
  const ask = async (url: string, init: RequestInit = {}) => fetch(url, { redirect: 'manual', ...init })
  /** Of enough connections that each server has some. */
  const everywhere = async (url: string, init: RequestInit = {}) => {
    const headers = { ...init.headers, connection: 'close' }
    const all = Array.from({ length: 10 * servers }, () => ask(url, { ...init, headers }))
    return [...new Set((await Promise.all(all)).map(({ status }) => status))]
  }

  const code = /claim code (\S+),/.exec(cairn.lines.join('\n'))?.[1] ?? ''
  const post = (path: string, body: unknown, cookie = '') =>
    ask(`${cairn.url}/api/v1/setup${path}`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const unlocked = await post('/unlock', { code })
  const cookie = unlocked.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  t.is((await post('/apply', { admin, pool: null, shares: [] }, cookie)).status, 202)
  await eventually(async () => {
    const answer = await ask(`${cairn.url}/api/v1/setup/progress`, { headers: { cookie } })
    return ((await answer.json()) as { state: string }).state === 'done'
  })

  t.deepEqual(await everywhere(`${cairn.url}/setup`), [200])
  t.deepEqual(await everywhere(`${cairn.url}/api/v1/session`, { headers: signed }), [200])
  t.deepEqual(await everywhere(`${cairn.url}/webdav/`, { method: 'OPTIONS', headers: signed }), [308])
  const led = await ask(`${cairn.url}/webdav/a`, { method: 'PUT', headers: signed, body: 'a' })
  t.is(led.headers.get('location'), `${secure}/webdav/a`)
  t.is(await led.text(), `This box is reached over HTTPS: ${secure}/webdav/a\n`)
  for (const path of ['/health/live', '/health/ready']) t.is((await ask(cairn.url + path)).status, 200)

  await t.throwsAsync(ask(`${secure}/webdav/`))
  const authority = await (await ask(`${cairn.url}/api/v1/network/authority.crt`)).text()
  setDefaultCACertificates([...getCACertificates('default'), authority])
  t.deepEqual(await everywhere(`${secure}/webdav/`, { method: 'OPTIONS', headers: signed }), [200])

  const allow = (isAllowed: boolean) => cairn.api('PUT', '/network/plain', { isAllowed })
  t.is((await allow(true)).status, 204)
  await eventually(
    async () =>
      (await everywhere(`${cairn.url}/webdav/`, { method: 'OPTIONS', headers: signed })).join() === '200',
  )
  t.like((await cairn.api('GET', '/network/certificate')).body, { isRequired: true, isPlainAllowed: true })
  const page = await ask(`${cairn.url}/files`, { headers: { accept: 'text/html' } })
  t.is(page.headers.get('location'), '/trust?to=%2Ffiles')
  t.is((await allow(false)).status, 204)
  await eventually(
    async () => (await everywhere(`${cairn.url}/webdav/`, { method: 'OPTIONS' })).join() === '308',
  )
})

withBtrfs('a box that was set up by a file opens nothing for a wizard that nobody reads', async t => {
  const args = ['--https-port', String(await freePort()), '--https', 'required']
  const cairn = await startCairn(t, { args: [...args, '--admin', `${admin.name}:${admin.password}`] })
  const statusOf = async (path: string) => (await fetch(cairn.url + path, { redirect: 'manual' })).status
  t.is(await statusOf('/api/v1/session'), 308)
  t.is(await statusOf('/api/v1/network/certificate'), 200)
})

withBtrfs('where HTTP is served anyway there is nothing to let in', async t => {
  const cairn = await startCairn(t, { args: ['--admin', `${admin.name}:${admin.password}`] })
  t.like(await cairn.api('PUT', '/network/plain', { isAllowed: true }), {
    status: 409,
    body: { error: { code: 'network/https-offered' } },
  })
})
