import { join } from 'node:path'
import test from 'ava'
import { z } from 'zod'
import { type Agent, createAgentClient } from '../../../appliance/agent/client.ts'
import { createAgentServer } from '../../../appliance/agent/server.ts'
import { createEvents } from '../../../appliance/lib/events.ts'
import { silentLog } from '../../../appliance/lib/log.ts'
import { operation } from '../../../appliance/lib/operation.ts'
import { feedMark } from '../../../appliance/storage/schema.ts'
import { createChanges } from '../../../appliance/storage/service/changes.ts'
import type { Pools } from '../../../appliance/storage/service/pools.ts'
import { tempFolder } from '../../helpers/temp.ts'

type Mark = z.infer<typeof feedMark>

/** An agent that can be ended and started again on its socket; what it was told is in `told`. */
async function restartable(folder: string) {
  const told: string[] = []
  const socketPath = join(folder, 'agent.sock')
  const start = async (position: Mark) => {
    const acknowledged = Promise.withResolvers<void>()
    const operations = {
      'storage/follow-changes': operation({
        input: z.strictObject({ known: z.array(feedMark) }),
        output: z.null(),
        async run({ known }, { signal, send }) {
          told.push(
            `follows from ${known.map(({ epoch, number }) => `${epoch} ${number}`).join() || 'nowhere'}`,
          )
          send({ kind: 'gap', ...position, reason: 'start' })
          await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
          return null
        },
      }),
      'storage/acknowledge-changes': operation({
        input: feedMark,
        output: z.null(),
        async run({ epoch, number }) {
          told.push(`has ${epoch} ${number}`)
          acknowledged.resolve()
          return null
        },
      }),
    }
    const socketGid = process.getgid?.() ?? 0
    const server = createAgentServer({
      operations,
      events: createEvents(),
      log: silentLog,
      socketPath,
      socketGid,
    })
    await server.start()
    return { stop: server.stop, done: acknowledged.promise }
  }
  return { told, socketPath, start }
}

test('following outlives the agent, and names to the next one what was taken in', async t => {
  const { told, socketPath, start } = await restartable(await tempFolder(t))
  const first = await start({ pool: 'pool', epoch: 'one', number: 2 })
  const events = createEvents()
  const client = createAgentClient({ socketPath, events, log: silentLog })
  await client.start()
  t.teardown(() => client.stop())
  const changes = createChanges({ agent: client as Agent, events, pools: {} as Pools })
  const ending = new AbortController()
  const received: string[] = []
  const ended = changes.follow({
    signal: ending.signal,
    receive: message => void received.push(`${message.kind} ${message.epoch}`),
  })
  await first.done
  await first.stop()
  const second = await start({ pool: 'pool', epoch: 'two', number: 5 })
  t.teardown(() => second.stop())
  await second.done
  ending.abort()
  await ended
  t.deepEqual(received, ['gap one', 'gap two'])
  t.deepEqual(told, ['follows from nowhere', 'has one 2', 'follows from one 2', 'has two 5'])
})

test('what breaks while a message is taken in ends the following, and is not acknowledged', async t => {
  const { told, socketPath, start } = await restartable(await tempFolder(t))
  const server = await start({ pool: 'pool', epoch: 'one', number: 2 })
  t.teardown(() => server.stop())
  const events = createEvents()
  const client = createAgentClient({ socketPath, events, log: silentLog })
  await client.start()
  t.teardown(() => client.stop())
  const changes = createChanges({ agent: client as Agent, events, pools: {} as Pools })
  const receive = () => {
    throw new Error('the index is broken')
  }
  await t.throwsAsync(changes.follow({ receive, signal: new AbortController().signal }), {
    message: 'the index is broken',
  })
  t.deepEqual(told, ['follows from nowhere'])
})
