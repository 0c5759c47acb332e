import { execFile } from 'node:child_process'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { admin, basic, type Cairn, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { contentOf, numberOf } from '../helpers/whole-content.ts'

const run = promisify(execFile)
const dev = join(import.meta.dirname, '..', '..', 'scripts', 'dev')
const withBtrfs = testIf('root', 'btrfs', 'smbd')
const account = ['--admin', `${admin.name}:${admin.password}`, '--pool', 'single', '--practice-disks', '1']

interface Answer {
  status: number
  body: Buffer
}

/** On a connection of its own, and one that stays: what is refused early is answered while it is still being sent. */
async function ask(cairn: Cairn, method: string, name: string, body?: Buffer): Promise<Answer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    return await send({ url: `${cairn.url}/webdav/shared/${name}`, method, body, agent })
  } finally {
    agent.destroy()
  }
}

function send(about: {
  url: string
  method: string
  body: Buffer | undefined
  agent: Agent
}): Promise<Answer> {
  const { url, method, body, agent } = about
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { authorization: basic(admin) }, agent }, answer => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.once('error', reject)
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts) }))
    })
    sent.on('error', reject).end(body)
  })
}

interface Refusal {
  status: number
  sentence: string
}

const clients = 4

/** Clients that upload and read back what was acknowledged, and go on whatever they are told. */
function startUploads(t: ExecutionContext, cairn: Cairn, sizeBytes: number) {
  const acknowledged = new Set<number>()
  const refusals: Refusal[] = []
  const misread: string[] = []
  let isStopping = false
  let pause: Promise<void> | undefined
  let resting = 0
  let count = 0

  async function work() {
    while (!isStopping) {
      if (pause) {
        resting += 1
        await pause
        resting -= 1
      }
      const number = count++
      const { status, body } = await ask(cairn, 'PUT', `${number}.bin`, contentOf(number, sizeBytes))
      if (status === 201) acknowledged.add(number)
      else refusals.push({ status, sentence: /<s:message>([^<]*)/.exec(body.toString())?.[1] ?? '' })
      await readBack()
    }
  }

  /** Away for a while is a thing to say; gone, or something else, is not. */
  async function readBack() {
    const some = [...acknowledged][Math.floor(Math.random() * acknowledged.size)]
    if (some === undefined) return
    const { status, body } = await ask(cairn, 'GET', `${some}.bin`)
    if (status !== 503 && (status !== 200 || numberOf(body) !== some)) misread.push(`${some}: ${status}`)
  }

  const workers = Promise.all(Array.from({ length: clients }, work))
  t.teardown(() => {
    isStopping = true
  })
  return {
    acknowledged,
    refusals,
    misread,
    /** Nothing is under way while `act` runs. */
    async meanwhile(act: () => Promise<void>) {
      const { promise, resolve } = Promise.withResolvers<void>()
      pause = promise
      await eventually(async () => resting === clients)
      await act()
      pause = undefined
      resolve()
    },
    async stop() {
      isStopping = true
      await workers
    },
  }
}

type Uploads = ReturnType<typeof startUploads>

/** Refused by the right status with a sentence, nothing shown as gone, and all that was acknowledged there and whole. */
async function expectHonest(t: ExecutionContext, cairn: Cairn, uploads: Uploads, statuses: number[]) {
  t.true(uploads.refusals.length > 0)
  t.deepEqual(
    uploads.refusals.filter(
      ({ status, sentence }) => !statuses.includes(status) || !/\w .*\.$/.test(sentence),
    ),
    [],
  )
  t.deepEqual(uploads.misread, [])
  for (const number of uploads.acknowledged) {
    const { status, body } = await ask(cairn, 'GET', `${number}.bin`)
    t.is(status, 200, `${number}.bin`)
    t.is(numberOf(body), number)
  }
}

/** More than were under way are acknowledged. */
const goesOn = (uploads: Uploads, before = uploads.acknowledged.size) =>
  eventually(async () => uploads.acknowledged.size > before + 4, 30_000)

withBtrfs(
  'a disk that fills up under many uploads refuses them, and takes them again once there is room',
  async t => {
    const cairn = await startCairn(t, { args: [...account, '--practice-size', '512M'] })
    const uploads = startUploads(t, cairn, 6_000_000)
    await eventually(async () => uploads.refusals.length > 8, 60_000)
    const doomed = [...uploads.acknowledged].slice(0, 15)
    for (const number of doomed) uploads.acknowledged.delete(number)
    const before = uploads.acknowledged.size
    for (const number of doomed) t.is((await ask(cairn, 'DELETE', `${number}.bin`)).status, 204)
    await goesOn(uploads, before)
    await uploads.stop()
    await expectHonest(t, cairn, uploads, [507])
  },
)

withBtrfs(
  'a pool that turns read-only under many uploads refuses them, and goes on once it is writable',
  async t => {
    const cairn = await startCairn(t, { args: [...account, '--practice-size', '1G'] })
    const uploads = startUploads(t, cairn, 20_000)
    const mount = join(cairn.dataDir, 'pools/pool')
    await goesOn(uploads)
    // Refused as long as a file is open for writing, as the index is until nobody has used it for a while.
    const remount = (how: string) =>
      run('mount', ['-o', `remount,${how}`, mount]).then(
        () => true,
        () => false,
      )
    await uploads.meanwhile(() => eventually(() => remount('ro'), 60_000))
    const before = uploads.refusals.length
    await eventually(async () => uploads.refusals.length > before + 8)
    await eventually(() => remount('rw'))
    await goesOn(uploads)
    await uploads.stop()
    await expectHonest(t, cairn, uploads, [403, 503])
  },
)

withBtrfs(
  'the only disk is pulled under many uploads: nothing is shown as gone, and all goes on when it is back',
  async t => {
    const cairn = await startCairn(t, { args: [...account, '--practice-size', '1G'] })
    const uploads = startUploads(t, cairn, 20_000)
    await goesOn(uploads)
    await run(dev, ['disk', 'pull', '1', '--data', cairn.dataDir])
    await eventually(async () => uploads.refusals.length > 8, 30_000)
    t.not((await cairn.api('GET', '/pools')).body[0].state, 'healthy')
    await run(dev, ['disk', 'put', '1', '--data', cairn.dataDir])
    await goesOn(uploads)
    await uploads.stop()
    await expectHonest(t, cairn, uploads, [403, 503])
  },
)
