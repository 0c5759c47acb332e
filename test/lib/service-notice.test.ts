import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { silentLog } from '../../appliance/lib/log.ts'
import { createServiceNotice, type IsWell } from '../../appliance/lib/service-notice.ts'
import { eventually } from '../helpers/cairn.ts'
import { listenAsManager } from '../helpers/service-manager.ts'

const sign = 'WATCHDOG=1'

test('signs of life follow as soon as it is ready, and end before it stops', async t => {
  const { notice, heard } = await watched(t, { watchdogMs: 60, isWell: undefined })
  t.deepEqual(heard(), [])
  notice.ready()
  await eventually(async () => heard().filter(said => said === sign).length >= 2)
  notice.stopping()
  t.is(heard()[0], 'READY=1')
  t.is(heard().at(-1), 'STOPPING=1')
})

test('one that answers itself late is busy, and not dead', async t => {
  const box = await createBox(t)
  const { notice, heard } = await watched(t, { watchdogMs: 3_000, isWell: box.isWell })
  notice.ready()
  await eventually(async () => box.waiting.length === 2)
  t.deepEqual(heard(), ['READY=1'])
  box.waiting[0]?.end()
  await eventually(async () => heard().includes(sign))
})

test('one that never answers itself gives no sign', async t => {
  const box = await createBox(t)
  const { notice, heard } = await watched(t, { watchdogMs: 90, isWell: box.isWell })
  notice.ready()
  await eventually(async () => box.waiting.some(({ destroyed }) => destroyed))
  t.deepEqual(heard(), ['READY=1'])
})

async function watched(
  t: ExecutionContext,
  { watchdogMs, isWell }: { watchdogMs: number; isWell: IsWell | undefined },
) {
  const { socket, heard } = await listenAsManager(t)
  const notice = createServiceNotice({ socket, watchdogMs }, { isWell, log: silentLog })
  t.teardown(() => notice.stopping())
  return { notice, heard }
}

/** Answers only when it is told. */
async function createBox(t: ExecutionContext) {
  const waiting: ServerResponse[] = []
  const server = createServer((_request, response) => void waiting.push(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const isWell: IsWell = async signal => (await fetch(url, { signal })).ok
  return { waiting, isWell }
}
