import { once } from 'node:events'
import { createServer } from 'node:http'
import { createConnection } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import express from 'express'
import { createEventStreams, type EndsWith } from '../../appliance/http/events.ts'
import { createRouter } from '../../appliance/http/route.ts'
import { createEvents } from '../../appliance/lib/events.ts'

const ann = { user: 'ann', role: 'admin', device: 'password', face: 'rest', address: '127.0.0.1' } as const
const never: EndsWith = () => false

async function listening(t: ExecutionContext, endsWith: EndsWith = never) {
  const events = createEvents()
  const heard = { count: 0 }
  const audience = { 'jobs/changed': () => ++heard.count > 0 }
  const streams = createEventStreams(events, audience, endsWith)
  const guards = { authenticate: async () => ann, requireSetup: async () => undefined }
  const server = createServer(express().use(createRouter([streams.route], guards))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { events, heard, streams, port: typeof address === 'object' && address ? address.port : 0 }
}

test('news are sent as they happen', async t => {
  const { events, port } = await listening(t)
  const response = await fetch(`http://127.0.0.1:${port}/events`)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  t.is((await reader?.read())?.value, 'retry: 2000\n\n')
  events.publish('users/changed', { user: 'bob' })
  events.publish('jobs/changed', { id: 'one' })
  t.is((await reader?.read())?.value, 'event: jobs/changed\ndata: {"id":"one"}\n\n')
  await reader?.cancel()
})

test('the stream ends when the one who listens is somebody else now', async t => {
  const { events, heard, port } = await listening(t, (actor, { name, data }) => {
    return name === 'users/changed' && data.user === actor.user
  })
  const response = await fetch(`http://127.0.0.1:${port}/events`)
  events.publish('users/changed', { user: 'bob' })
  events.publish('users/changed', { user: 'ann' })
  t.is(await response.text(), 'retry: 2000\n\n')
  events.publish('jobs/changed', { id: 'one' })
  t.is(heard.count, 0)
})

test('the stream ends with the server', async t => {
  const { streams, port } = await listening(t)
  const response = await fetch(`http://127.0.0.1:${port}/events`)
  streams.stop()
  t.is(await response.text(), 'retry: 2000\n\n')
})

test('who does not read is let go, and does not fill our memory', async t => {
  const { events, heard, port } = await listening(t)
  const socket = createConnection(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write('GET /events HTTP/1.1\r\nHost: box\r\n\r\n')
  await once(socket, 'data')
  socket.pause()
  const most = 2_000
  for (let sent = 0; sent < most; sent++) {
    events.publish('jobs/changed', { id: 'x'.repeat(65_536) })
    await setImmediate()
  }
  t.true(heard.count < most, `${heard.count}`)
})
