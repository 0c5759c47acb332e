import express, { type Request, type Response, Router } from 'express'
import type { z } from 'zod'
import { Failure } from '../lib/failure.ts'
import { checkInput } from '../lib/operation.ts'

/** Who asks, as every domain sees it. `device` names the session or app password, `address` the network peer. */
export interface Actor {
  user: string
  role: 'admin' | 'member'
  device: string
  /** What its owner called it. */
  deviceName?: string
  face: Face
  address: string
}

export type Face = 'web' | 'rest' | 'webdav' | 'smb' | 'nfs' | 'box'

/** `none`: anybody; `setup`: only while the box is unclaimed, with the claim code; else signed in. */
export type RouteAccess = 'none' | 'setup' | 'member' | 'admin'

export interface RouteCall<P, Q, B> {
  /** Present unless `access` is `none` or `setup`. */
  actor: Actor
  params: P
  query: Q
  body: B
  request: Request
  response: Response
}

export interface Route<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Below `/api/v1`, with `{name}` for parameters; `{+path}` takes the rest of the address. */
  path: string
  access: RouteAccess
  summary: string
  tag: string
  params?: P
  query?: Q
  /** JSON body. A route without one that reads the request itself sets `streams`. */
  body?: B
  /** Checked shape of the answer; absent: the handler answers by itself (streams) or with 204. */
  reply?: R
  status?: number
  streams?: 'request' | 'response'
  handle(
    call: RouteCall<z.output<P>, z.output<Q>, z.output<B>>,
  ): Promise<z.input<R> | undefined> | z.input<R> | undefined
}

/** Keeps the types of params, query, body and reply for the handler. */
export function route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  spec: Route<P, Q, B, R>,
): Route {
  return spec as unknown as Route
}

/** Who signed the request, or undefined; throws where credentials are given and wrong. */
export type Authenticate = (request: Request) => Promise<Actor | undefined>

export interface RouteGuards {
  authenticate: Authenticate
  /** Throws unless the request carries a claimed setup session of an unclaimed box. */
  requireSetup(request: Request): Promise<void>
  /** Throws where this route has to wait. */
  requireChangeable?(route: Pick<Route, 'method' | 'tag'>): Promise<void>
}

const maxJsonBytes = 1024 * 1024

export function createRouter(routes: readonly Route[], guards: RouteGuards): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const json = express.json({ limit: maxJsonBytes, strict: false })
  for (const spec of routes) {
    const handlers = spec.body ? [json, requireJson] : []
    router[spec.method](expressPath(spec.path), ...handlers, (request: Request, response: Response) =>
      answer(spec, guards, request, response),
    )
  }
  return router
}

function expressPath(path: string): string {
  return path.replace(/\{\+(\w+)\}/g, '*$1').replace(/\{(\w+)\}/g, ':$1')
}

function requireJson(request: Request, _response: Response, next: () => void) {
  if (request.body === undefined) {
    throw new Failure('invalid', 'input/not-json', 'Send a JSON body with Content-Type: application/json.')
  }
  next()
}

async function answer(spec: Route, guards: RouteGuards, request: Request, response: Response) {
  const actor = await admit(spec.access, guards, request)
  await guards.requireChangeable?.(spec)
  const result = await spec.handle({
    actor: actor as Actor,
    params: spec.params ? checkInput(spec.params, request.params, 'input/invalid') : undefined,
    query: spec.query ? checkInput(spec.query, request.query, 'input/invalid') : undefined,
    body: spec.body ? checkInput(spec.body, request.body, 'input/invalid') : undefined,
    request,
    response,
  })
  if (spec.streams === 'response') return
  response.setHeader('Cache-Control', 'no-store')
  if (!spec.reply) response.status(spec.status ?? 204).end()
  else response.status(spec.status ?? response.statusCode).json(result)
}

async function admit(access: RouteAccess, guards: RouteGuards, request: Request): Promise<Actor | undefined> {
  if (access === 'none') return undefined
  if (access === 'setup') {
    await guards.requireSetup(request)
    return undefined
  }
  const actor = await guards.authenticate(request)
  if (!actor) throw new Failure('unauthenticated', 'auth/required', 'Sign in first.')
  if (access === 'admin' && actor.role !== 'admin') {
    throw new Failure('forbidden', 'auth/admin-only', 'Only an administrator may do this.')
  }
  return actor
}
