import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'ava'
import { createHttpServer } from '../../appliance/http/server.ts'

const bodyBytes = 24 * 1024 * 1024

for (const connection of ['close', 'keep-alive'])
  test(`an answer that comes before the end of the body reaches a client that reads only afterwards: ${connection}`, async t => {
    const server = createHttpServer({
      port: 0,
      isShared: false,
      listener(_request, response) {
        response.statusCode = 507
        response.end('full')
      },
    })
    const { port } = await server.start()
    t.teardown(() => server.stop())
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    const failed = once(socket, 'error').then(([error]) => Promise.reject(error))
    failed.catch(() => undefined)
    await once(socket, 'connect')
    socket.pause()
    socket.write(
      `PUT / HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Length: ${bodyBytes}\r\n\r\n`,
    )
    for (let sent = 0; sent < bodyBytes; sent += 1024 * 1024) {
      if (!socket.write(Buffer.alloc(1024 * 1024))) await Promise.race([once(socket, 'drain'), failed])
    }
    let said = ''
    socket.setEncoding('latin1').on('data', text => {
      said += text
    })
    socket.resume()
    if (connection === 'close') await Promise.race([once(socket, 'end'), failed])
    else while (!said.includes('full')) await Promise.race([once(socket, 'data'), failed])
    t.regex(said, /^HTTP\/1\.1 507 .*full/s)
  })
