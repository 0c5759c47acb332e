import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import { createHttpServer } from '../../appliance/http/server.ts'
import { credentials } from '../helpers/credentials.ts'

for (const kind of ['HTTP', 'HTTPS'] as const)
  for (const way of ['stop', 'leave'] as const)
    test(`${kind}, ${way}: connections on which nothing was asked are cut, and what was asked is answered`, async t => {
      t.timeout(30_000)
      const isSecure = kind === 'HTTPS'
      const asked = Promise.withResolvers<ServerResponse>()
      const server = createHttpServer({
        port: 0,
        isShared: false,
        listener: (_, response) => asked.resolve(response),
        ...(isSecure ? { credentials: await credentials(t) } : {}),
      })
      const { port } = await server.start()
      const silent = [await open(t, port, false), ...(isSecure ? [await open(t, port, true)] : [])]
      const busy = await open(t, port, isSecure)
      busy.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      const response = await asked.promise
      const cut = silent.map(socket => once(socket, 'close'))
      const ended = server[way]()
      await Promise.all(cut)
      response.end('late')
      const [answer] = await once(busy, 'data')
      t.regex(String(answer), /^HTTP\/1\.1 200 .*late/s)
      await ended
    })

async function open(t: ExecutionContext, port: number, isSecure: boolean) {
  const socket = isSecure ? connectSecurely({ port, rejectUnauthorized: false }) : connect(port)
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, isSecure ? 'secureConnect' : 'connect')
  return socket.resume()
}
