import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ExecutionContext } from 'ava'
import express from 'express'
import { createErrorReply } from '../../appliance/http/errors.ts'
import { createRouter, type Route, type RouteGuards } from '../../appliance/http/route.ts'
import { Failure } from '../../appliance/lib/failure.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { basic } from './people.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into many shapes, and fail where one is wrong
  body: any
}

export interface Ask {
  as?: { name: string; password: string }
  body?: unknown
  /** Instead of a body of JSON. */
  raw?: Buffer
  headers?: Record<string, string>
}

export type Rest = (method: string, path: string, ask?: Ask) => Promise<Answer>

/** Routes behind a real HTTP server, for real requests. */
export async function serve(
  t: ExecutionContext,
  routes: readonly Route[],
  authenticate: RouteGuards['authenticate'],
): Promise<Rest> {
  const app = express()
  const requireSetup = async () => {
    throw new Failure('forbidden', 'setup/none', 'No setup here.')
  }
  app.use('/api/v1', createRouter(routes, { authenticate, requireSetup }))
  app.use(createErrorReply(silentLog))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return async (method, path, { as, body, raw, headers = {} } = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        ...(as ? { authorization: basic(as.name, as.password) } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(raw === undefined ? {} : { body: new Uint8Array(raw) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    }
  }
}
