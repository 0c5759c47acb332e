import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { createSecured } from '../../appliance/http/secured.ts'

async function front(t: ExecutionContext, given: { httpsPort?: number; isClaimed?: boolean } = {}) {
  const state = { isClaimed: given.isClaimed ?? true, nowMs: 0 }
  const secured = createSecured({
    httpsPort: given.httpsPort ?? 443,
    isClaimed: async () => state.isClaimed,
    authorityPath: '/api/v1/network/authority.crt',
    now: () => state.nowMs,
  })
  const server = createServer(async (asked, response) => {
    if (!(await secured(asked, response))) response.end('served')
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number | undefined; to: string | undefined }>((resolve, reject) => {
      const asking = request(
        { port, host: '127.0.0.1', method, path, headers: { host: 'cairn.local', ...headers } },
        answer => {
          answer.resume()
          resolve({ status: answer.statusCode, to: answer.headers.location })
        },
      )
      asking.once('error', reject).end()
    })
  return { ask, state }
}

const html = { accept: 'text/html,*/*' }

test('people are led over the page that says how to trust the box, programs are told the address', async t => {
  const { ask } = await front(t)
  t.deepEqual(await ask('GET', '/files/a?b=c', html), { status: 302, to: '/trust?to=%2Ffiles%2Fa%3Fb%3Dc' })
  t.deepEqual(await ask('PROPFIND', '/dav/files/ann/?x=1'), {
    status: 308,
    to: 'https://cairn.local/dav/files/ann/?x=1',
  })
  t.deepEqual(await ask('PUT', '/webdav/a', { host: '192.168.1.5:80' }), {
    status: 308,
    to: 'https://192.168.1.5/webdav/a',
  })
  const other = await front(t, { httpsPort: 8443 })
  t.is((await other.ask('GET', '/', { host: '[fd00::1]:8080' })).to, 'https://[fd00::1]:8443/')
})

test('what is needed to get there stays plain, and what is no host leads nowhere', async t => {
  const { ask } = await front(t)
  for (const path of ['/trust?to=%2F', '/assets/a.js', '/health/live', '/api/v1/network/authority.crt'])
    t.is((await ask('GET', path, html)).status, 200, path)
  t.is((await ask('GET', '/', { host: 'evil.example/x' })).status, 400)
  t.is((await ask('GET', '/', { host: 'a b' })).status, 400)
})

test('until the box is claimed everything is plain, and for a quarter of an hour more: the wizard goes on', async t => {
  const { ask, state } = await front(t, { isClaimed: false })
  t.is((await ask('GET', '/setup', html)).status, 200)
  state.isClaimed = true
  t.is((await ask('GET', '/api/v1/shares')).status, 200)
  state.nowMs = 15 * 60_000
  t.is((await ask('GET', '/api/v1/shares')).status, 308)
  state.isClaimed = false
  t.is((await ask('GET', '/api/v1/shares')).status, 308)
})
