import { rmSync } from 'node:fs'
import { chmod, chown, mkdir } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { AnyEvent, JoinableEvents } from '../lib/events.ts'
import { Failure, failureRecord } from '../lib/failure.ts'
import type { Log } from '../lib/log.ts'
import type { Operations } from '../lib/operation.ts'
import { perform } from './perform.ts'
import { readMessages, sendMessage } from './wire.ts'

const message = z.union([
  z.object({ id: z.number().int(), call: z.string().max(100), input: z.unknown() }),
  z.object({ id: z.number().int(), cancel: z.literal(true) }),
  z.object({ event: z.object({ name: z.string().max(100), data: z.unknown() }) }),
])

interface Request {
  id: number
  call: string
  input?: unknown
}

export interface AgentServerDeps {
  operations: Operations
  events: JoinableEvents
  log: Log
  socketPath: string
  /** Who may connect besides root: the group of the service account. */
  socketGid: number
}

export interface AgentServer {
  start(): Promise<void>
  /** Ends when nobody is connected any more, or after so long. */
  allGone(withinMs: number): Promise<void>
  /** Cancels what is under way and waits for it: nothing is mounted or started behind the back of who stops next. */
  stop(): Promise<void>
}

/** Answers named operations on a Unix socket (`root:cairn 0660`) and passes every event on to all processes. */
export function createAgentServer({
  operations,
  events,
  log,
  socketPath,
  socketGid,
}: AgentServerDeps): AgentServer {
  const sockets = new Set<Socket>()
  const underWay = new Set<Promise<void>>()
  const server = createServer(socket => {
    sockets.add(socket)
    serve(socket).finally(() => {
      sockets.delete(socket)
      if (sockets.size === 0) onAllGone?.()
    })
  })
  let onAllGone: (() => void) | undefined

  const passOn = (event: AnyEvent, except?: Socket) => {
    for (const socket of sockets) if (socket !== except) sendMessage(socket, { event })
  }
  events.join(event => passOn(event))

  async function serve(socket: Socket) {
    const running = new Map<number, AbortController>()
    socket.on('error', error => log.debug('agent connection lost', { error }))
    socket.once('close', () => {
      for (const controller of running.values()) controller.abort()
    })
    await readMessages(socket, received => {
      const parsed = message.safeParse(received)
      if (!parsed.success) return void socket.destroy()
      const said = parsed.data
      if ('event' in said) {
        passOn(said.event as AnyEvent, socket)
        events.deliver(said.event as AnyEvent)
      } else if ('cancel' in said) running.get(said.id)?.abort()
      else begin(socket, said, running)
    })
  }

  function begin(socket: Socket, request: Request, running: Map<number, AbortController>) {
    const work = reply(socket, request, running).finally(() => underWay.delete(work))
    underWay.add(work)
  }

  async function reply(socket: Socket, { id, call, input }: Request, running: Map<number, AbortController>) {
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const context = {
        signal: controller.signal,
        report: (progress: unknown) => sendMessage(socket, { id, progress }),
        send: (message: unknown) => sendMessage(socket, { id, message }),
      }
      sendMessage(socket, { id, ok: (await perform(operations, call, input, context, log)) ?? null })
    } catch (error) {
      if (!(error instanceof Failure)) log.error('operation broke', { call, error })
      sendMessage(socket, { id, failed: failureRecord(error) })
    } finally {
      running.delete(id)
    }
  }

  return {
    async start() {
      await mkdir(dirname(socketPath), { recursive: true })
      rmSync(socketPath, { force: true })
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve))
      if (process.getuid?.() === 0) await chown(socketPath, 0, socketGid)
      await chmod(socketPath, 0o660)
    },
    async allGone(withinMs) {
      if (sockets.size === 0) return
      const gone = new Promise<void>(resolve => {
        onAllGone = resolve
      })
      const waiting = new AbortController()
      await Promise.race([gone, delay(withinMs, undefined, waiting)])
      waiting.abort()
    },
    async stop() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
      await Promise.all(underWay)
      rmSync(socketPath, { force: true })
    },
  }
}
