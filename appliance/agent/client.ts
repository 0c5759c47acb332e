import { createConnection, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { AnyEvent, JoinableEvents } from '../lib/events.ts'
import { Failure, type FailureRecord } from '../lib/failure.ts'
import type { Log } from '../lib/log.ts'
import type { Caller, CallOptions, Operations, Progress } from '../lib/operation.ts'
import type { AgentOperations } from './operations.ts'
import { perform } from './perform.ts'
import { readMessages, sendMessage } from './wire.ts'

/** All that the rest of Cairn can ask of root. */
export type Agent = Caller<AgentOperations>

declare module '../lib/events.ts' {
  interface EventMap {
    /** Local: the connection to the agent is there (again); what was missed meanwhile must be looked at. */
    'agent/connected': { isFirst: boolean }
  }
}

export interface AgentClient extends Agent {
  start(): Promise<void>
  stop(): Promise<void>
  isConnected(): boolean
}

interface Pending {
  resolve(value: unknown): void
  reject(error: Failure): void
  onProgress: CallOptions['onProgress'] | undefined
  onMessage: CallOptions['onMessage'] | undefined
}

const received = z.union([
  z.object({ id: z.number(), ok: z.unknown() }).refine(value => 'ok' in value),
  z.object({
    id: z.number(),
    failed: z.custom<FailureRecord>(value => typeof value === 'object' && value !== null),
  }),
  z
    .object({ id: z.number(), progress: z.custom<Progress>() })
    .refine(value => 'progress' in value && value.progress !== undefined),
  z.object({ id: z.number(), message: z.unknown() }).refine(value => 'message' in value),
  z.object({ event: z.custom<AnyEvent>(value => typeof value === 'object' && value !== null) }),
])

const reconnectDelayMs = 250
/** At the start: on the image the agent starts at the same time. */
const patienceMs = 240_000

/** The agent over its socket. It reconnects by itself; calls made while it is away fail at once with `unavailable`. */
export function createAgentClient(deps: {
  socketPath: string
  events: JoinableEvents
  log: Log
}): AgentClient {
  const { socketPath, events, log } = deps
  const pending = new Map<number, Pending>()
  let nextId = 1
  let socket: Socket | undefined
  let isStopping = false
  let retry: NodeJS.Timeout | undefined
  let wasConnected = false

  function receive(message: unknown) {
    const parsed = received.safeParse(message)
    if (!parsed.success) return log.error('the agent said something odd', { problem: parsed.error.message })
    const said = parsed.data
    if ('event' in said) return events.deliver(said.event)
    const call = pending.get(said.id)
    if (!call) return
    if ('progress' in said) return call.onProgress?.(said.progress)
    if ('message' in said) return call.onMessage?.(said.message)
    pending.delete(said.id)
    if ('failed' in said) call.reject(fromRecord(said.failed))
    else call.resolve(said.ok)
  }

  function connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const connection = createConnection(socketPath)
      connection.once('error', reject)
      connection.once('connect', () => {
        connection.on('error', error => log.debug('agent connection', { error }))
        socket = connection
        void readMessages(connection, receive).then(() => lose(connection))
        events.deliver({ name: 'agent/connected', data: { isFirst: !wasConnected } })
        wasConnected = true
        resolve()
      })
    })
  }

  function lose(connection: Socket) {
    if (socket === connection) socket = undefined
    for (const [id, call] of pending) {
      pending.delete(id)
      call.reject(agentIsAway())
    }
    if (!isStopping) reconnectLater()
  }

  function reconnectLater() {
    retry = setTimeout(() => {
      connect().catch(error => {
        log.debug('the agent is still away', { error })
        if (!isStopping) reconnectLater()
      })
    }, reconnectDelayMs)
  }

  events.join(event => {
    if (socket && event.name !== 'agent/connected') sendMessage(socket, { event })
  })

  async function connectPatiently() {
    const giveUpAt = Date.now() + patienceMs
    for (;;) {
      try {
        return await connect()
      } catch (error) {
        if (isStopping || Date.now() > giveUpAt) throw error
        await delay(reconnectDelayMs)
      }
    }
  }

  return {
    start: connectPatiently,
    async stop() {
      isStopping = true
      clearTimeout(retry)
      socket?.destroy()
    },
    isConnected: () => socket !== undefined,
    async call(name, input, options: CallOptions = {}) {
      if (!socket) throw agentIsAway()
      const id = nextId++
      const connection = socket
      return new Promise((resolve, reject) => {
        const cancel = () => sendMessage(connection, { id, cancel: true })
        const settle =
          <T>(done: (value: T) => void) =>
          (value: T) => {
            options.signal?.removeEventListener('abort', cancel)
            done(value)
          }
        pending.set(id, {
          resolve: settle(resolve as (value: unknown) => void),
          reject: settle(reject),
          onProgress: options.onProgress,
          onMessage: options.onMessage,
        })
        options.signal?.addEventListener('abort', cancel, { once: true })
        sendMessage(connection, { id, call: name, input })
        if (options.signal?.aborted) cancel()
      })
    },
  }
}

/** The same operations in this very process: for tests, and where there is no root to hand things to. */
export function createLocalAgent(operations: Operations, log: Log): Agent {
  return {
    async call(name, input, options = {}) {
      const context = {
        signal: options.signal ?? new AbortController().signal,
        report: (progress: Progress) => options.onProgress?.(progress),
        send: (message: unknown) => options.onMessage?.(throughJson(message)),
      }
      const said = (await perform(operations, name, throughJson(input), context, log)) as never
      return throughJson(said) as never
    },
  }
}

/** What goes over the socket goes as JSON; so does what stays here, or the two would differ. */
function throughJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

function fromRecord({ kind, code, message, details }: FailureRecord): Failure {
  return new Failure(kind, code, message, { details })
}

function agentIsAway(): Failure {
  return new Failure(
    'unavailable',
    'agent/away',
    'The system service is restarting. Try again in a moment.',
    {
      details: { retryAfterSeconds: 1 },
    },
  )
}
