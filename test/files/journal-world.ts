import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import express from 'express'
import type { z } from 'zod'
import { createDav, davMigrations } from '../../appliance/dav/index.ts'
import { createFiles, createJournal, type Files, type Journal } from '../../appliance/files/index.ts'
import { journalReply } from '../../appliance/files/schema.ts'
import type { Limits } from '../../appliance/files/service/journal/pool-journal.ts'
import { createErrorReply } from '../../appliance/http/errors.ts'
import { createRouter } from '../../appliance/http/route.ts'
import { systemClock } from '../../appliance/lib/clock.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createLog } from '../../appliance/lib/log.ts'
import { basic } from '../helpers/people.ts'
import { startWorld, type World } from '../shares/world.ts'

export interface JournalWorld extends World {
  files: Files
  journal: Journal
  /** Where the journal lies. */
  index: string
  /** Warnings and errors. */
  logged: string[]
  /** A request to any face; a body that is no text goes as JSON. */
  ask(method: string, path: string, ask: Ask): Promise<Response>
  /** What the journal shows to somebody. */
  page(as: Person, query?: string): Promise<z.infer<typeof journalReply>>
}

interface Ask {
  as?: Person
  headers?: Record<string, string>
  body?: unknown
}

export type Person = { name: string; password: string }
export const alice = { name: 'alice', password: 'Alice-pass-1' }
export const bob = { name: 'bob', password: 'Bob-pass-22' }
export const carol = { name: 'carol', password: 'Carol-pass-3' }

export interface JournalOptions {
  isReal?: boolean
  limits?: Partial<Limits>
}

/** Accounts, shares, files, WebDAV and REST on one pool, with a journal: alice is an administrator, bob and carol are not. */
export async function startJournalWorld(
  t: ExecutionContext,
  options: JournalOptions = {},
): Promise<JournalWorld> {
  const world = await startWorld(t, { isReal: options.isReal ?? false })
  for (const person of [alice, bob, carol])
    await world.users.create({ ...person, role: person === alice ? 'admin' : 'member' })
  await world.shares.create({ name: 'shared', pool: 'pool', everyone: 'write' })
  await world.shares.create({ name: 'private', pool: 'pool' })
  await world.shares.setGrants('private', { users: { bob: 'write' } })
  const logged: string[] = []
  const log = createLog('test', 'warn', line => void logged.push(line))
  const clock = systemClock
  const { shares, users, box } = world
  const journal = createJournal({
    shares,
    storage: box.storage,
    clock,
    log,
    ...(options.limits ? { limits: options.limits } : {}),
  })
  const files = createFiles({ shares, events: box.events, log, journal })
  shares.onRestored(restored => void files.noteRestored(restored))
  await files.domain.start?.()
  const database = await openDatabase(join(box.folder, 'dav.db'))
  await migrateDatabase(database, davMigrations, 'some')
  t.teardown(async () => {
    await files.domain.stop?.()
    await database.destroy()
  })
  const { authenticate } = users
  const dav = createDav({ files, authenticate, database, clock, log, instanceId: 'octesttest01' })
  const routes = [
    ...(files.domain.routes ?? []),
    ...(shares.domain.routes ?? []),
    ...(users.domain.routes ?? []),
  ]
  const app = express()
  const requireSetup = async () => undefined
  app.use('/api/v1', createRouter(routes, { authenticate, requireSetup }))
  app.use(createErrorReply(log))
  const server = createServer((request, response) => {
    if (dav.handle(request, response) === false) app(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask: JournalWorld['ask'] = (method, path, { as, headers, body }) =>
    fetch(origin + path, {
      method,
      headers: {
        ...(as ? { authorization: basic(as.name, as.password) } : {}),
        ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return {
    ...world,
    files,
    journal,
    index: join(box.poolsDir, 'pool', 'index'),
    logged,
    ask,
    async page(as, query = '') {
      const answer = await ask('GET', `/api/v1/journal${query}`, { as })
      const text = await answer.text()
      if (answer.status !== 200) throw new Error(`${answer.status} ${text}`)
      return journalReply.parse(JSON.parse(text))
    },
  }
}
