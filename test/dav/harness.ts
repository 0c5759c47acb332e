import { mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createDav, davMigrations } from '../../appliance/dav/index.ts'
import {
  createFiles,
  createJournal,
  type Files,
  type Person,
  type Volume,
} from '../../appliance/files/index.ts'
import { holdBodies } from '../../appliance/http/continue.ts'
import type { Actor } from '../../appliance/http/route.ts'
import { type Database, openDatabase } from '../../appliance/lib/database.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import { Failure } from '../../appliance/lib/failure.ts'
import { createLog, type Log } from '../../appliance/lib/log.ts'

/** Something that cleans up behind itself: a test, or a script. */
export interface Owner {
  teardown(act: () => Promise<void> | void): void
}

export interface Harness {
  /** `http://127.0.0.1:PORT` */
  origin: string
  folder: string
  database: Database
  files: Files
  volumes: { home: Volume; shared: Volume; media: Volume }
  /** Everything at the level of a warning or above. */
  logged: string[]
  clock: { now(): number; skip(ms: number): void }
  fetch(path: string, init?: RequestInit & { user?: string }): Promise<Response>
  /** Another server over the same volumes and settings, as a second process would be. */
  second(): Promise<Harness>
}

export const password = 'secret'
export const actor: Actor = {
  user: 'alice',
  role: 'member',
  device: 'test',
  face: 'webdav',
  address: '127.0.0.1',
}

function volume(
  folder: string,
  kind: Volume['kind'],
  name: string,
  right: Volume['right'] = 'write',
): Volume {
  return {
    kind,
    name,
    pool: 'pool',
    path: join(folder, kind, name),
    right,
    isAvailable: true,
    isReadOnly: false,
  }
}

/** The WebDAV server over a plain folder: alice and bob, each with a home; `shared`, which both may write, and `media`, which only alice may. */
export async function startDav(
  owner: Owner,
  folder: string,
  open?: Database,
  options: { hasJournal?: boolean } = {},
): Promise<Harness> {
  const volumes = {
    home: volume(folder, 'home', 'alice'),
    shared: volume(folder, 'share', 'shared'),
    media: volume(folder, 'share', 'media'),
  }
  const bobHome = volume(folder, 'home', 'bob')
  for (const one of [...Object.values(volumes), bobHome]) await mkdir(one.path, { recursive: true })
  const homeOf = ({ user }: Person) => (user === 'alice' ? volumes.home : bobHome)
  const sharesOf = ({ user }: Person): Volume[] => [
    user === 'alice' ? volumes.media : { ...volumes.media, right: 'read' },
    volumes.shared,
  ]
  const logged: string[] = []
  const log: Log = createLog('test', 'warn', line => void logged.push(line))
  const database = open ?? (await openDatabase(join(folder, 'cairn.db'), davMigrations))
  let skipped = 0
  const clock = {
    now: () => Date.now() + skipped,
    skip(ms: number) {
      skipped += ms
    },
  }
  const shares = {
    home: homeOf,
    volume: (person: Person, name: string) => sharesOf(person).find(one => one.name === name),
    volumes: (person: Person) => [homeOf(person), ...sharesOf(person)],
    pastOf: () => [],
  }
  const storage = { mounted: () => ({ path: folder, state: 'healthy' as const }), names: () => ['pool'] }
  const files = createFiles({
    shares,
    events: createEvents(),
    log,
    clock,
    everyVolume: () => [...Object.values(volumes), bobHome],
    ...(options.hasJournal ? { journal: createJournal({ shares, storage, clock, log }) } : {}),
  })
  const dav = createDav({ files, authenticate, database, clock, log, instanceId: 'octesttest01' })
  const listener = (request: IncomingMessage, response: Parameters<typeof dav.handle>[1]) => {
    if (dav.handle(request, response) !== false) return
    response.statusCode = 404
    response.end('not WebDAV')
  }
  const server = createServer({ maxHeaderSize: 32 * 1024 }, listener)
  holdBodies(server, listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  owner.teardown(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    await files.domain.stop?.()
    if (!open) await database.destroy()
  })
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    folder,
    database,
    files,
    volumes,
    logged,
    clock,
    fetch: (path, { user = 'alice', headers, ...init } = {}) =>
      fetch(origin + path, {
        ...init,
        headers: {
          ...(headers as Record<string, string>),
          authorization: `Basic ${btoa(`${user}:${password}`)}`,
        },
      }),
    second: () => startDav(owner, folder, database),
  }
}

async function authenticate(request: IncomingMessage): Promise<Actor | undefined> {
  const header = request.headers.authorization
  if (header === undefined) return undefined
  const [user = '', given] = Buffer.from(header.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':')
  if (given === password && (user === 'alice' || user === 'bob')) return { ...actor, user }
  throw new Failure('unauthenticated', 'auth/wrong', 'Wrong name or password.')
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}
