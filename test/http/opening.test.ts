import test from 'ava'
import { createFronts } from '../../appliance/http/fronts.ts'
import { freePort } from '../helpers/cairn.ts'

const certificates = {
  start: async () => undefined,
  stop: () => undefined,
  current: () => undefined,
  onChanged: () => undefined,
  info: () => undefined,
}

async function openFronts() {
  const port = await freePort()
  const asked: string[] = []
  const fronts = createFronts({
    port,
    https: null,
    isShared: false,
    authorityPath: '/authority',
    claim: async () => null,
    isPlainAllowed: () => true,
    certificates,
    listener(request, response) {
      asked.push(request.url ?? '')
      response.end('answered')
    },
  })
  await fronts.open()
  return { fronts, asked, get: (path: string) => fetch(`http://127.0.0.1:${port}${path}`) }
}

test('a new box shows its page at once, and whatever else is asked waits until it can be answered', async t => {
  const { fronts, asked, get } = await openFronts()
  t.teardown(fronts.stop)
  for (const path of ['/health/live', '/setup', '/setup?from=phone', '/assets/main.js'])
    t.is(await (await get(path)).text(), 'answered', path)
  const early = asked.length
  const waiting = [get('/api/v1/setup'), get('/health/ready'), get('/webdav/'), get('/setup/../api/v1/setup')]
  // It has come in after them, so they have not been handed on.
  await get('/health/live')
  t.is(asked.length, early + 1)
  await fronts.start()
  for (const answer of await Promise.all(waiting)) t.is(await answer.text(), 'answered')
})

test('what waits does not keep a box from stopping', async t => {
  const { fronts, get } = await openFronts()
  const waiting = get('/api/v1/setup').then(
    () => 'ended',
    () => 'ended',
  )
  await get('/health/live')
  await fronts.stop()
  t.is(await waiting, 'ended')
})
