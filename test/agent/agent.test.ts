import { stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { z } from 'zod'
import { createAgentClient, createLocalAgent } from '../../appliance/agent/client.ts'
import { createAgentServer } from '../../appliance/agent/server.ts'
import { createEvents, type JoinableEvents } from '../../appliance/lib/events.ts'
import { Failure } from '../../appliance/lib/failure.ts'
import { createLog } from '../../appliance/lib/log.ts'
import { type CallOptions, operation } from '../../appliance/lib/operation.ts'
import { tempFolder } from '../helpers/temp.ts'

declare module '../../appliance/lib/events.ts' {
  interface EventMap {
    'test/said': { text: string }
  }
}

const testOperations = {
  'test/double': operation({
    input: z.strictObject({ number: z.number().int() }),
    output: z.object({ doubled: z.number() }),
    run: async ({ number }) => ({ doubled: number * 2 }),
  }),
  'test/refuse': operation({
    input: z.object({}),
    output: z.null(),
    async run() {
      throw new Failure('conflict', 'test/refused', 'No.', { details: { why: 'because' } })
    },
  }),
  'test/break': operation({
    input: z.object({}),
    output: z.null(),
    async run(): Promise<null> {
      throw new TypeError('/secret/path broke')
    },
  }),
  'test/lie': operation({
    input: z.object({}),
    output: z.number(),
    run: async () => 'text' as unknown as number,
  }),
  'test/wait': operation({
    input: z.object({}),
    output: z.null(),
    run: async (_input, { signal, report }) => {
      const aborted = new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
      report({ fraction: 0.5, message: 'half' })
      await aborted
      throw new Failure('cancelled', 'test/cancelled', 'Stopped.')
    },
  }),
  'test/send': operation({
    input: z.object({ count: z.number().int() }),
    output: z.null(),
    run: async ({ count }, { send }) => {
      for (let number = 1; number <= count; number++) send({ number })
      return null
    },
  }),
  'test/secret': operation({
    input: z.object({ name: z.string(), password: z.string() }),
    output: z.null(),
    secret: ['password'],
    run: async () => null,
  }),
}

interface Bench {
  call(name: string, input: unknown, options?: CallOptions): Promise<unknown>
  lines: string[]
}

type Make = (t: ExecutionContext) => Promise<Bench>

const here: Make = async () => {
  const lines: string[] = []
  const agent = createLocalAgent(
    testOperations,
    createLog('agent', 'info', line => lines.push(line)),
  )
  return { lines, call: (name, input, options) => agent.call(name as never, input as never, options) }
}

const overSocket: Make = async t => {
  const { lines, client } = await startPair(t)
  return { lines, call: (name, input, options) => client.call(name as never, input as never, options) }
}

async function startPair(t: ExecutionContext, clientEvents: JoinableEvents = createEvents()) {
  const lines: string[] = []
  const log = createLog('agent', 'info', line => lines.push(line))
  const socketPath = join(await tempFolder(t), 'agent.sock')
  const server = createAgentServer({
    operations: testOperations,
    events: createEvents(),
    log,
    socketPath,
    socketGid: process.getgid?.() ?? 0,
  })
  await server.start()
  t.teardown(() => server.stop())
  const client = createAgentClient({ socketPath, events: clientEvents, log })
  await client.start()
  t.teardown(() => client.stop())
  return { server, client, lines, socketPath }
}

const codeOf = async (work: Promise<unknown>) =>
  (await work.then(
    () => ({ code: 'no failure' }),
    (error: Failure) => error,
  )) as Failure

for (const [where, make] of [
  ['in this process', here],
  ['over the socket', overSocket],
] as const) {
  test(`${where}: what an operation sends comes in its order, before the answer`, async t => {
    const { call } = await make(t)
    const messages: unknown[] = []
    t.is(await call('test/send', { count: 3 }, { onMessage: message => messages.push(message) }), null)
    t.deepEqual(messages, [{ number: 1 }, { number: 2 }, { number: 3 }])
  })

  test(`${where}: an operation answers`, async t => {
    const { call } = await make(t)
    t.deepEqual(await call('test/double', { number: 21 }), { doubled: 42 })
  })

  test(`${where}: bad input is refused and the field is named`, async t => {
    const { call } = await make(t)
    const failure = await codeOf(call('test/double', { number: 'x' }))
    t.is(failure.kind, 'invalid')
    t.regex(failure.message, /number/)
  })

  test(`${where}: an unknown operation is refused, also one named like a method of objects`, async t => {
    const { call } = await make(t)
    t.is((await codeOf(call('test/none', {}))).code, 'agent/no-operation')
    t.is((await codeOf(call('constructor', {}))).code, 'agent/no-operation')
  })

  test(`${where}: a failure keeps kind, code and details`, async t => {
    const { call } = await make(t)
    const { kind, code, details } = await codeOf(call('test/refuse', {}))
    t.deepEqual(
      { kind, code, details },
      { kind: 'conflict', code: 'test/refused', details: { why: 'because' } },
    )
  })

  test(`${where}: output that breaks its schema never reaches the caller`, async t => {
    const { call } = await make(t)
    await t.throwsAsync(call('test/lie', {}))
  })

  test(`${where}: progress arrives, and cancelling reaches the operation`, async t => {
    const { call } = await make(t)
    const controller = new AbortController()
    const waiting = call(
      'test/wait',
      {},
      { signal: controller.signal, onProgress: ({ message }) => message === 'half' && controller.abort() },
    )
    t.is((await codeOf(waiting)).kind, 'cancelled')
  })

  test(`${where}: one audit line an operation, without its secrets`, async t => {
    const { call, lines } = await make(t)
    await call('test/secret', { name: 'ann', password: 'hunter22' })
    const audit = lines.map(line => JSON.parse(line)).filter(line => line.message === 'operation')
    t.is(audit.length, 1)
    t.like(audit[0], { call: 'test/secret', outcome: 'done', input: { name: 'ann', password: '(secret)' } })
    t.false(lines.join().includes('hunter22'))
  })
}

test('over the socket: what broke inside says nothing of its inside', async t => {
  const { call } = await overSocket(t)
  const failure = await codeOf(call('test/break', {}))
  t.is(failure.kind, 'internal')
  t.false(failure.message.includes('secret'))
})

test('the socket is for root and the service group only', async t => {
  const { socketPath } = await startPair(t)
  t.is((await stat(socketPath)).mode & 0o777, 0o660)
})

test('what is no JSON ends the connection and nothing else', async t => {
  const { client, socketPath } = await startPair(t)
  const socket = createConnection(socketPath)
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.on('error', () => undefined)
  socket.write('{"id":1,\n')
  await closed
  t.deepEqual(await client.call('test/double' as never, { number: 1 } as never), { doubled: 2 } as never)
})

test('an event of one server reaches the other, and not itself twice', async t => {
  const first = createEvents()
  const { socketPath } = await startPair(t, first)
  const second = createEvents()
  const other = createAgentClient({ socketPath, events: second, log: createLog('other', 'error') })
  await other.start()
  t.teardown(() => other.stop())
  const heardByFirst: string[] = []
  first.on('test/said', ({ text }) => heardByFirst.push(text))
  const heard = new Promise<string>(resolve => second.on('test/said', ({ text }) => resolve(text)))
  first.publish('test/said', { text: 'hello' })
  t.is(await heard, 'hello')
  t.deepEqual(heardByFirst, ['hello'])
})

test('calls fail at once while the agent is away, and work again when it is back', async t => {
  const events = createEvents()
  const { server, client, socketPath } = await startPair(t, events)
  const waiting = codeOf(client.call('test/wait' as never, {} as never))
  await server.stop()
  t.is((await waiting).code, 'agent/away')
  const back = new Promise<void>(resolve =>
    events.on('agent/connected', ({ isFirst }) => !isFirst && resolve()),
  )
  const again = createAgentServer({
    operations: testOperations,
    events: createEvents(),
    log: createLog('agent', 'error'),
    socketPath,
    socketGid: process.getgid?.() ?? 0,
  })
  await again.start()
  t.teardown(() => again.stop())
  await back
  t.deepEqual(await client.call('test/double' as never, { number: 4 } as never), { doubled: 8 } as never)
})

test('the agent waits with its end for those who are connected, and serves them meanwhile; but not for ever', async t => {
  const { server, client } = await startPair(t)
  await server.allGone(1)
  const gone = server.allGone(60_000)
  t.deepEqual(await client.call('test/double' as never, { number: 2 } as never), { doubled: 4 } as never)
  await client.stop()
  await gone
  await server.allGone(60_000)
  t.pass('all of these came to an end')
})
