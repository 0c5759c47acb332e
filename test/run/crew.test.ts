import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { openDatabase } from '../../appliance/lib/database.ts'
import { createTuningStore, type TakenSetting } from '../../appliance/tuning/store.ts'
import { admin, basic, type Cairn, claimed, eventually, StartError, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const withBtrfs = testIf('root', 'btrfs')
const authorization = basic(admin)

withBtrfs('server processes come and go while everybody is answered', async t => {
  const cairn = await startCairn(t, { args: claimed })
  const processes = () => cairn.pids('main.js').length
  t.is(processes(), 1)
  const migrates = () => readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8')
  const before = migrates()
  const visits = visitAllTheTime(t, cairn)

  t.is((await cairn.api('PUT', '/tuning/settings/servers.count', { value: '3' })).status, 204)
  const { body } = await cairn.api('POST', '/tuning/apply?name=servers.count')
  await eventually(async () => processes() === 3)
  await eventually(async () => (await askers(cairn)).size === 3)
  t.like(await settingOf(cairn, 'servers.count'), { from: '1', to: '3', state: 'applied' })

  // Some of them at each of the three.
  const uploads = await Promise.all(Array.from({ length: 12 }, (_, index) => beginUpload(cairn, index)))
  t.is((await cairn.api('DELETE', `/jobs/${body.job}`)).status, 204)
  await eventually(async () => (await askers(cairn)).size === 1)
  t.is(processes(), 3, 'who is in the middle of something stays until it has ended')
  t.deepEqual(await Promise.all(uploads.map(end => end())), Array(12).fill(201))
  await eventually(async () => processes() === 1)
  t.like(await settingOf(cairn, 'servers.count'), { from: '1', to: '3', state: 'planned' })
  t.is(migrates(), before)
  const { answered, lost } = await visits.end()
  t.deepEqual(lost, [])
  t.true(answered > 100, `${answered} visits`)
})

withBtrfs('as many as were taken are there after a start, and one that dies comes back', async t => {
  const first = await startCairn(t, { args: claimed })
  await first.stop()
  await take(first.dataDir, { setting: 'servers.count', value: '2', found: '1', takenAt: 0 })
  const second = await startCairn(t, { dataDir: first.dataDir })
  await eventually(async () => (await askers(second)).size === 2)
  const before = second.pids('main.js')
  t.deepEqual(before.map(instanceOf).sort(), ['0', '1'])
  process.kill(Number(before.at(-1)), 'SIGKILL')
  await eventually(async () => {
    const now = await askers(second).catch(() => new Set())
    return now.size === 2 && second.pids('main.js').join() !== before.join()
  })
  t.is((await second.api('GET', '/health')).status, 200)
  t.deepEqual(second.pids('main.js').map(instanceOf).sort(), ['0', '1'])
})

withBtrfs('a number that was given at the start stays, and says so', async t => {
  const cairn = await startCairn(t, { args: [...claimed, '--servers', '2'] })
  t.is(cairn.pids('main.js').length, 2)
  t.is((await cairn.api('PUT', '/tuning/settings/servers.count', { value: '3' })).status, 204)
  t.like(await settingOf(cairn, 'servers.count'), {
    state: 'unavailable',
    problem: 'Their number was given by --servers when Cairn was started.',
  })
})

withBtrfs(
  'two Cairns never share a port, though each of them could have several who listen on it',
  async t => {
    const cairn = await startCairn(t, { args: claimed })
    const another = startCairn(t, { httpPort: cairn.httpPort, args: claimed })
    await t.throwsAsync(another, { instanceOf: StartError, message: /Port \d+ is in use by another program/ })
    t.is((await cairn.api('GET', '/health')).status, 200)
  },
)

/** Which of the server processes it is told to be. */
function instanceOf(pid: number): string | undefined {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  return words[words.indexOf('--instance') + 1]
}

/** As the tuning has noted it, once it had watched it for a minute. */
async function take(dataDir: string, row: TakenSetting) {
  const database = await openDatabase(join(dataDir, 'cairn.db'))
  await createTuningStore(database).take([row.setting], [row])
  await database.destroy()
}

async function settingOf(cairn: Cairn, wanted: string) {
  const { body } = await cairn.api('GET', '/tuning')
  return body.settings.find(({ name }: { name: string }) => name === wanted)
}

/** Which processes answer new connections. */
async function askers(cairn: Cairn): Promise<Set<string>> {
  const said = await Promise.all(Array.from({ length: 40 }, () => visit(cairn)))
  return new Set(said)
}

/** By a connection of its own, unless there is an agent that keeps one. */
async function visit(cairn: Cairn, agent: Agent | false = false): Promise<string> {
  const sent = request(`${cairn.url}/metrics`, { agent, headers: { authorization } })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const piece of response.setEncoding('utf8')) text += piece
  return /server="(\d+)"/.exec(text)?.[1] ?? ''
}

function visitAllTheTime(t: ExecutionContext, cairn: Cairn) {
  let isOver = false
  let answered = 0
  const lost: string[] = []
  const visitor = async (_: unknown, index: number) => {
    const agent = index % 2 === 0 && new Agent({ keepAlive: true, maxSockets: 1 })
    while (!isOver) {
      try {
        await visit(cairn, agent)
        answered += 1
      } catch (error) {
        lost.push(String(error))
      }
    }
    if (agent) agent.destroy()
  }
  const visitors = Array.from({ length: 8 }).map(visitor)
  const end = async () => {
    isOver = true
    await Promise.all(visitors)
    return { answered, lost }
  }
  t.teardown(end)
  return { end }
}

/** Some of it has arrived; the rest comes when it is told, and it resolves with the status. */
async function beginUpload(cairn: Cairn, index: number): Promise<() => Promise<number>> {
  const sent: ClientRequest = request(`${cairn.url}/webdav/shared/long-${index}.bin`, {
    method: 'PUT',
    agent: false,
    headers: { authorization, 'content-length': 2_000_000 },
  })
  const answer = once(sent, 'response') as Promise<[IncomingMessage]>
  answer.catch(() => undefined)
  await new Promise(resolve => sent.write(Buffer.alloc(1_000_000), resolve))
  return async () => {
    sent.end(Buffer.alloc(1_000_000))
    const [response] = await answer
    response.resume()
    return response.statusCode ?? 0
  }
}
