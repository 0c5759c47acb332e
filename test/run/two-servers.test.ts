import { Agent, request } from 'node:http'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const withBtrfs = testIf('root', 'btrfs', 'smbd')
const bob = { name: 'bob', password: 'Bob-pass-22' }

/** A connection that stays with the server the kernel gave it to. */
interface Line {
  server: string
  ask(
    path: string,
    headers?: Record<string, string>,
    method?: string,
  ): Promise<{ status: number; body: string }>
}

function openLine(cairn: Cairn, t: { teardown(close: () => void): void }): Promise<Line> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const ask: Line['ask'] = (path, headers = {}, method = 'GET') =>
    new Promise((resolve, reject) => {
      const sent = request(cairn.url + path, { agent, headers, method }, response => {
        let body = ''
        response.setEncoding('utf8').on('data', text => {
          body += text
        })
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
      })
      sent.once('error', reject).end()
    })
  return ask('/metrics').then(({ body }) => ({ ask, server: /server="(\d+)"/.exec(body)?.[1] ?? '' }))
}

/** Two lines to two different servers. */
async function twoLines(cairn: Cairn, t: { teardown(close: () => void): void }): Promise<[Line, Line]> {
  const first = await openLine(cairn, t)
  for (let attempt = 0; attempt < 200; attempt++) {
    const second = await openLine(cairn, t)
    if (second.server !== first.server) return [first, second]
  }
  throw new Error('every connection went to one server')
}

withBtrfs('what one server is told, the other knows at once', async t => {
  const cairn = await startCairn(t, { args: [...claimed, '--servers', '2'] })
  const [first, second] = await twoLines(cairn, t)
  t.is((await cairn.api('POST', '/users', { ...bob, role: 'member' })).status, 201)
  const asBob = { authorization: basic(bob) }

  for (const line of [first, second]) t.is((await line.ask('/webdav/shared/', asBob)).status, 200)
  t.is(
    (await cairn.api('PUT', '/shares/shared/grants', { everyone: 'none', users: {}, groups: {} })).status,
    200,
  )
  await eventually(async () => {
    const answers = await Promise.all([first, second].map(line => line.ask('/webdav/shared/', asBob)))
    return answers.every(({ status }) => status === 404)
  }, 1000)

  t.true((await cairn.api('PUT', '/users/bob/password', { password: 'Another-pass-3' })).status < 300)
  await eventually(async () => {
    const answers = await Promise.all([first, second].map(line => line.ask('/webdav/', asBob)))
    return answers.every(({ status }) => status === 401 || status === 429)
  }, 1000)
})

withBtrfs('a session of one server is a session of the other, and ends in both', async t => {
  const cairn = await startCairn(t, { args: [...claimed, '--servers', '2'] })
  const [first, second] = await twoLines(cairn, t)
  const signedIn = await fetch(`${cairn.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(admin),
  })
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  for (const line of [first, second]) t.is((await line.ask('/api/v1/session', { cookie })).status, 200)
  t.is(
    (await first.ask('/api/v1/session', { cookie, 'sec-fetch-site': 'same-origin' }, 'DELETE')).status,
    204,
  )
  await eventually(async () => {
    const answers = await Promise.all([first, second].map(line => line.ask('/api/v1/session', { cookie })))
    return answers.every(({ status }) => status === 401)
  }, 1000)
})
