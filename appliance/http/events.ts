import type { Response } from 'express'
import { z } from 'zod'
import type { AnyEvent, EventMap, EventName, Events } from '../lib/events.ts'
import { type Actor, type Route, route } from './route.ts'

const heartbeatMs = 25_000
/** Who does not read gets no more: what waits for it is our memory. */
const mostUnsentBytes = 1024 * 1024

/** Per event, whether an actor may hear of it. What is not listed stays inside. */
export type Audience = { [K in EventName]?: (actor: Actor, data: EventMap[K]) => boolean }

/** Whether an event means that the actor may be another one now, or nobody: the stream ends, and asks to sign in anew. */
export type EndsWith = (actor: Actor, event: AnyEvent) => boolean

export interface EventStreams {
  route: Route
  /** Ends the open ones, which would hold up the end of the server. */
  stop(): void
}

/** `GET /events`: news as server-sent events (HTML Living Standard 9.2). */
export function createEventStreams(events: Events, audience: Audience, endsWith: EndsWith): EventStreams {
  const open = new Set<Response>()

  function tell(actor: Actor, response: Response, event: AnyEvent) {
    if (mayHear(audience, actor, event))
      response.write(`event: ${event.name}\ndata: ${JSON.stringify(event.data)}\n\n`)
    if (endsWith(actor, event)) response.end()
    else if (response.writableLength > mostUnsentBytes) response.destroy()
  }

  function begin(actor: Actor, response: Response) {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    })
    response.write('retry: 2000\n\n')
    open.add(response)
    const leave = events.onAny(event => tell(actor, response, event))
    const heartbeat = setInterval(() => response.write(': here\n\n'), heartbeatMs)
    response.once('close', () => {
      open.delete(response)
      leave()
      clearInterval(heartbeat)
    })
  }

  return {
    stop() {
      for (const response of open) response.end()
    },
    route: route({
      method: 'get',
      path: '/events',
      access: 'member',
      tag: 'events',
      summary: 'News as they happen (server-sent events)',
      streams: 'response',
      query: z.looseObject({}),
      handle({ actor, response }) {
        begin(actor, response)
        return undefined
      },
    }),
  }
}

function mayHear(audience: Audience, actor: Actor, event: AnyEvent): boolean {
  const { name, data } = event as { name: EventName; data: never }
  return audience[name]?.(actor, data) ?? false
}

export const toAdmins = ({ role }: Actor) => role === 'admin'
export const toEverybody = () => true
