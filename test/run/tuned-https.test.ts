import { once } from 'node:events'
import { connect } from 'node:tls'
import { claimed, eventually, freePort, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const withBtrfs = testIf('root', 'btrfs')
const chachaFirst = 'TLS_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384'
const name = 'tls.ciphers'

withBtrfs(
  'HTTPS takes the cipher first that the tuning says, in every process, until it is put back',
  async t => {
    const port = await freePort()
    const cairn = await startCairn(t, { args: [...claimed, '--https-port', String(port), '--servers', '2'] })
    const agreed = async () => {
      const socket = connect({ port, rejectUnauthorized: false })
      t.teardown(() => socket.destroy())
      await once(socket, 'secureConnect')
      return socket.getCipher().name
    }
    /** Of enough connections that each process has some. */
    const all = async () => [...new Set(await Promise.all(Array.from({ length: 20 }, agreed)))]
    t.deepEqual(await all(), ['TLS_AES_256_GCM_SHA384'])
    t.is((await cairn.api('PUT', `/tuning/settings/${name}`, { value: chachaFirst })).status, 204)
    const { body } = await cairn.api('POST', `/tuning/apply?name=${name}`)
    await eventually(async () => (await all()).join() === 'TLS_CHACHA20_POLY1305_SHA256')
    t.is((await cairn.api('DELETE', `/jobs/${body.job}`)).status, 204)
    await eventually(async () => (await all()).join() === 'TLS_AES_256_GCM_SHA384')
  },
)

withBtrfs('without HTTPS there is no order of its ciphers to be set', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const { settings } = (await cairn.api('GET', '/tuning')).body
  t.is(
    settings.find((setting: { name: string }) => setting.name === name),
    undefined,
  )
  t.is((await cairn.api('PUT', `/tuning/settings/${name}`, { value: chachaFirst })).status, 404)
})
