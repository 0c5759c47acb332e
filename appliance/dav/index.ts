import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Files } from '../files/index.ts'
import { challengeFor } from '../http/errors.ts'
import type { Actor } from '../http/route.ts'
import type { Clock } from '../lib/clock.ts'
import type { Database } from '../lib/database.ts'
import type { Domain } from '../lib/domain.ts'
import { asFailure, Failure } from '../lib/failure.ts'
import type { Log } from '../lib/log.ts'
import { davStatusOf, errorBody, methodNotAllowed } from './errors.ts'
import { isMounted, parents, parseAddress, pathOf } from './parse/address.ts'
import { verbs } from './routes/index.ts'
import { allowed, options } from './routes/options.ts'
import { trashVerbs } from './routes/trashbin.ts'
import { uploadVerbs } from './routes/uploads.ts'
import { versionVerbs } from './routes/versions.ts'
import { propfindVirtual } from './routes/virtual.ts'
import { ReaderGone } from './service/multistatus-writer.ts'
import { replyXml } from './service/reply.ts'
import { createLockStore } from './store/locks.ts'
import { davMigrations } from './store/migrations.ts'
import { createPropertyStore } from './store/properties.ts'

export { davMigrations }

export interface Dav {
  domain: Domain
  /** Answers a request below our mount points, and what clients ask of the folders above; false: it is not ours. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | false
}

export interface DavOptions {
  files: Files
  authenticate(request: IncomingMessage): Promise<Actor | undefined>
  database: Database
  clock: Clock
  log: Log
  /** `oc` and ten characters, once for each box. */
  instanceId: string
}

/** WebDAV, classes 1, 2 and 3 (RFC 4918), on bare node:http. */
export function createDav({ files, authenticate, database, clock, log, instanceId }: DavOptions): Dav {
  const properties = createPropertyStore(database)
  const locks = createLockStore(database, () => clock.now())
  const deps = { files, properties, locks, clock, log, instanceId }
  files.onCopied(properties.copy)
  files.onRemoved(async ids => {
    await properties.forget(ids)
    await locks.forget(ids)
  })

  function handle(request: IncomingMessage, response: ServerResponse): Promise<void> | false {
    const { method = '', url = '/' } = request
    const children = parentOf(url)
    if (isMounted(url) || (method === 'PROPFIND' && children)) return answer(request, response)
    if (method !== 'OPTIONS' || !(children || url === '*')) return false
    options(response)
    return Promise.resolve()
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method === 'OPTIONS') return options(response)
      await answerSigned(request, response, await requireActor(request))
    } catch (error) {
      refuse(request, response, error)
    }
  }

  async function requireActor(request: IncomingMessage): Promise<Actor> {
    const actor = await authenticate(request)
    if (!actor) throw new Failure('unauthenticated', 'auth/required', 'Sign in first.')
    return { ...actor, face: 'webdav' }
  }

  async function answerSigned(
    request: IncomingMessage,
    response: ServerResponse,
    actor: Actor,
  ): Promise<void> {
    const { method = '', url = '/' } = request
    const children = parentOf(url)
    const address = children
      ? ({ kind: 'virtual', path: trimmed(url), children } as const)
      : parseAddress(url, actor.user)
    if (!address || address.kind === 'unknown')
      throw new Failure('missing', 'files/missing', 'There is no such address.')
    if (address.kind === 'virtual') {
      if (method !== 'PROPFIND') throw methodNotAllowed()
      return propfindVirtual(request, response, address)
    }
    if (address.kind === 'upload') {
      const verb = uploadVerbs.get(method)
      if (!verb) throw methodNotAllowed(`${method} is not known here.`)
      return verb({ ...deps, request, response, actor, path: [], ...address })
    }
    if (address.kind === 'restore') throw methodNotAllowed()
    if (address.kind === 'trash' || address.kind === 'versions') {
      const verb = (address.kind === 'trash' ? trashVerbs : versionVerbs).get(method)
      if (!verb) throw methodNotAllowed(`${method} is not known here.`)
      return verb({ ...deps, request, response, actor, ...address })
    }
    const verb = verbs.get(method)
    if (!verb) throw methodNotAllowed(`${method} is not known here.`)
    await verb({ ...deps, request, response, actor, ...address })
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (error instanceof ReaderGone || (request.destroyed && response.destroyed)) return
    const known = asFailure(error)
    const failure = known instanceof Failure ? known : undefined
    if (!failure || failure.kind === 'internal')
      log.error('WebDAV request failed', { method: request.method, error })
    // What has begun cannot be taken back; cut off, nobody takes it for whole.
    if (response.headersSent) return void response.destroy()
    replyFailure(request, response, failure ?? new Failure('internal', 'internal', ''))
  }

  return { domain: { name: 'dav', migrations: davMigrations }, handle }
}

function replyFailure(request: IncomingMessage, response: ServerResponse, failure: Failure) {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  const status = davStatusOf(failure)
  const { retryAfterSeconds, etag } = failure.details
  if (status === 401) response.setHeader('WWW-Authenticate', challengeFor(request))
  if (status === 405) response.setHeader('Allow', allowed)
  if (status === 503) response.setHeader('Retry-After', 30)
  if (typeof retryAfterSeconds === 'number') response.setHeader('Retry-After', retryAfterSeconds)
  if (typeof etag === 'string') response.setHeader('ETag', `"${etag}"`)
  replyXml(response, status, errorBody(failure))
  // What is left of a body is read and dropped: closing on a client that still sends would cost it the answer.
  request.resume()
}

function parentOf(url: string): readonly string[] | undefined {
  return parents[trimmed(url)]
}

function trimmed(url: string): string {
  const path = pathOf(url)
  let end = path.length
  while (end > 1 && path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}
