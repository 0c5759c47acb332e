import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Clock } from '../../appliance/lib/clock.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createEvents, type JoinableEvents } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createUsers, type Users } from '../../appliance/users/index.ts'
import { tempFolder } from './temp.ts'

/** A clock that stands still until it is moved. */
export function fakeClock(startMs = Date.UTC(2026, 0, 1)): Clock & { advance(ms: number): void } {
  let now = startMs
  return {
    now: () => now,
    advance(ms) {
      now += ms
    },
  }
}

export interface People {
  users: Users
  events: JoinableEvents
  clock: ReturnType<typeof fakeClock>
  databasePath: string
}

/** The users domain on a real database; given `databasePath`, a second process on the same one. */
export async function people(
  t: Pick<ExecutionContext, 'teardown'>,
  shared: Partial<Pick<People, 'clock' | 'databasePath'>> = {},
): Promise<People> {
  const clock = shared.clock ?? fakeClock()
  const databasePath = shared.databasePath ?? join(await tempFolder(t), 'cairn.db')
  const database = await openDatabase(databasePath)
  t.teardown(() => database.destroy())
  const events = createEvents()
  const users = createUsers({ database, events, clock, log: silentLog })
  await migrateDatabase(database, users.domain.migrations ?? [])
  await users.domain.start?.()
  return { users, events, clock, databasePath }
}

/** Joins two processes' events as the agent's bus does. */
export function joinEvents(one: JoinableEvents, other: JoinableEvents): void {
  one.join(event => other.deliver(event))
  other.join(event => one.deliver(event))
}

interface RequestParts {
  method?: string
  address?: string
  headers?: Record<string, string>
}

/** As much of a request as signing in looks at. */
export function request({
  method = 'GET',
  address = '192.0.2.1',
  headers = {},
}: RequestParts): IncomingMessage {
  return { method, headers, socket: { remoteAddress: address } } as unknown as IncomingMessage
}

export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}
