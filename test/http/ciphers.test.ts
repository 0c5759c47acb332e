import { once } from 'node:events'
import { connect, DEFAULT_CIPHERS } from 'node:tls'
import test from 'ava'
import { cipherList, usualSuites } from '../../appliance/http/ciphers.ts'
import { createHttpServer } from '../../appliance/http/server.ts'
import { credentials } from '../helpers/credentials.ts'

const chachaFirst = ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384']
const aesFirst = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

test('the usual order is that of Node, and any other offers the same', t => {
  t.is(DEFAULT_CIPHERS.split(':').slice(0, 3).join(), usualSuites.join())
  const names = cipherList(chachaFirst, DEFAULT_CIPHERS).split(':')
  t.deepEqual(names.slice(0, 3), chachaFirst)
  for (const name of DEFAULT_CIPHERS.split(':')) t.true(names.includes(name), name)
})

test('a client gets the cipher that is first here, by TLS 1.3 and 1.2, from the next connection on', async t => {
  const server = createHttpServer({
    port: 0,
    isShared: false,
    listener: (_, response) => void response.end('hello'),
    credentials: await credentials(t),
  })
  const { port } = await server.start()
  t.teardown(server.stop)
  const agreed = async (version: 'TLSv1.2' | 'TLSv1.3') => {
    const socket = connect({ port, rejectUnauthorized: false, minVersion: version, maxVersion: version })
    t.teardown(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket.getCipher().name
  }
  server.setSuites(chachaFirst)
  t.is(await agreed('TLSv1.3'), 'TLS_CHACHA20_POLY1305_SHA256')
  t.is(await agreed('TLSv1.2'), 'ECDHE-ECDSA-CHACHA20-POLY1305')
  server.setSuites(aesFirst)
  t.is(await agreed('TLSv1.3'), 'TLS_AES_128_GCM_SHA256')
  t.is(await agreed('TLSv1.2'), 'ECDHE-ECDSA-AES128-GCM-SHA256')
  server.setCredentials(await credentials(t))
  t.is(await agreed('TLSv1.3'), 'TLS_AES_128_GCM_SHA256', 'another certificate leaves the order as it is')
})
