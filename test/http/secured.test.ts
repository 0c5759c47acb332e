import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { type Claim, createSecured } from '../../appliance/http/secured.ts'

const byFile: Claim = { atMs: 0, isByWizard: false }
const byWizard: Claim = { atMs: 0, isByWizard: true }

async function front(t: ExecutionContext, given: { httpsPort?: number; claim?: Claim | null } = {}) {
  const state = { claim: given.claim === undefined ? byFile : given.claim, nowMs: 0, isPlainAllowed: false }
  const secured = createSecured({
    httpsPort: given.httpsPort ?? 443,
    claim: async () => state.claim,
    isPlainAllowed: () => state.isPlainAllowed,
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

test('until the box is claimed everything is plain, and for a quarter of an hour more what the wizard needs', async t => {
  const { ask, state } = await front(t, { claim: null })
  t.is((await ask('GET', '/setup', html)).status, 200)
  t.is((await ask('PUT', '/webdav/a')).status, 200)
  state.claim = byWizard
  t.is((await ask('GET', '/setup', html)).status, 200)
  t.is((await ask('GET', '/api/v1/shares')).status, 200)
  t.is((await ask('PUT', '/webdav/a')).status, 308)
  t.is((await ask('GET', '/setupwards')).status, 308)
  state.nowMs = 15 * 60_000
  t.is((await ask('GET', '/api/v1/shares')).status, 308)
  t.is((await ask('GET', '/setup', html)).status, 302)
  state.claim = null
  t.is((await ask('GET', '/api/v1/shares')).status, 308)
})

test('what a file has set up, and a clock that was set back, leave nothing open', async t => {
  const set = await front(t)
  t.is((await set.ask('GET', '/api/v1/shares')).status, 308)
  const later: Claim = { atMs: 10 * 365 * 86_400_000, isByWizard: true }
  const { ask, state } = await front(t, { claim: later })
  t.is((await ask('GET', '/api/v1/shares')).status, 200)
  state.nowMs = 15 * 60_000
  t.is((await ask('GET', '/api/v1/shares')).status, 308)
})

test('programs go on over HTTP where an administrator lets them, people are led all the same', async t => {
  const { ask, state } = await front(t)
  state.isPlainAllowed = true
  t.is((await ask('PUT', '/webdav/a')).status, 200)
  t.is((await ask('GET', '/webdav/a')).status, 200)
  t.is((await ask('GET', '/files', html)).status, 302)
  state.isPlainAllowed = false
  t.is((await ask('PUT', '/webdav/a')).status, 308)
})
