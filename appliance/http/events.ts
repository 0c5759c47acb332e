import { z } from 'zod'
import type { AnyEvent, Events } from '../lib/events.ts'
import { type Actor, type Route, route } from './route.ts'

const heartbeatMs = 25_000

/**
 * `GET /events`: news as server-sent events (HTML Living Standard 9.2). `visible` decides what an actor may hear of,
 * and what of it.
 */
export function eventRoute(events: Events, visible: (actor: Actor, event: AnyEvent) => unknown): Route {
  return route({
    method: 'get',
    path: '/events',
    access: 'member',
    tag: 'events',
    summary: 'News as they happen (server-sent events)',
    streams: 'response',
    query: z.looseObject({}),
    handle({ actor, response }) {
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      })
      response.write('retry: 2000\n\n')
      const leave = events.onAny(event => {
        const data = visible(actor, event)
        if (data !== undefined) response.write(`event: ${event.name}\ndata: ${JSON.stringify(data)}\n\n`)
      })
      const heartbeat = setInterval(() => response.write(': here\n\n'), heartbeatMs)
      response.once('close', () => {
        leave()
        clearInterval(heartbeat)
      })
      return undefined
    },
  })
}
