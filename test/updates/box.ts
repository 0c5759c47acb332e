import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { createLocalAgent } from '../../appliance/agent/client.ts'
import { createJobs } from '../../appliance/jobs/index.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import type { HealthIssue } from '../../appliance/lib/domain.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createSettings, systemMigrations } from '../../appliance/system/store.ts'
import { createUpdates } from '../../appliance/updates/index.ts'
import { createUpdateOperations } from '../../appliance/updates/system/index.ts'
import { fakeClock } from '../helpers/people.ts'
import { serve } from '../helpers/rest.ts'
import { tempFolder } from '../helpers/temp.ts'

interface Given {
  version?: string
  /** The version that was last found good. */
  proven?: string
  dataDir?: string
  state?: 'ok' | 'danger'
  /** Where the image says that updates come from. */
  updatesFrom?: string
  startsAt?: Date
  isFirst?: boolean
  lookWithinMs?: number
  lookEveryMs?: number
}

/** The domain of updates over this RAUC, as on a box that was flashed, with a clock and a health that the test sets. */
export async function box(t: ExecutionContext, rauc: { conf: string; bus: string }, given: Given = {}) {
  const { version = '1.0.0', proven, updatesFrom = '', startsAt, isFirst = true, lookWithinMs } = given
  const { lookEveryMs = 5 } = given
  const dataDir = given.dataDir ?? (await tempFolder(t))
  const clock = fakeClock(startsAt?.getTime())
  let restarts = 0
  const image = { release: join(dataDir, 'os-release'), proven: join(dataDir, 'proven') }
  const prove = (one: string) => writeFileSync(image.proven, `${one}\n`)
  writeFileSync(image.release, `ID=debian\nIMAGE_VERSION=${version}\n`)
  if (proven !== undefined) prove(proven)
  const operations = createUpdateOperations({
    ...rauc,
    dataDir,
    version: '0.0.0',
    image,
    restart: async () => void restarts++,
  })
  const events = createEvents()
  const database = await openDatabase(join(await tempFolder(t), 'jobs.db'))
  const jobs = createJobs({ database, events, clock, log: silentLog })
  await migrateDatabase(database, [...(jobs.domain.migrations ?? []), ...systemMigrations])
  const health: { issues: HealthIssue[] } = { issues: given.state === 'danger' ? [degraded] : [] }
  const updates = createUpdates({
    agent: createLocalAgent(operations, silentLog),
    events,
    clock,
    log: silentLog,
    jobs,
    dataDir,
    databasePath: join(dataDir, 'cairn.db'),
    version: '0.0.0',
    health: async () => ({ state: health.issues.length > 0 ? 'danger' : 'ok', issues: health.issues }),
    settings: createSettings(database),
    updatesFrom,
    isFirst,
    lookEveryMs,
    wellForMs: 60_000,
    roundEveryMs: 20,
    ...(lookWithinMs === undefined ? {} : { lookWithinMs }),
    chance: () => 0.5,
  })
  await updates.domain.start?.()
  const stop = async () => {
    await updates.domain.stop?.()
    await jobs.domain.stop?.()
    await database.destroy()
  }
  t.teardown(stop)
  const person = { user: 'ann', role: 'admin', device: '', face: 'rest', address: '' } as const
  const ask = await serve(t, updates.domain.routes ?? [], async () => person)
  const finish = async (id: string) => {
    await jobs.finished(id)
    return jobs.get(id)
  }
  const checks = async () =>
    (await Promise.all((updates.domain.checks ?? []).map(check => check()))).flat().map(({ code }) => code)
  return {
    ask,
    checks,
    clock,
    dataDir,
    events,
    finish,
    health,
    jobs,
    updates,
    prove,
    restarts: () => restarts,
  }
}

export const degraded: HealthIssue = {
  code: 'storage/pool-degraded',
  subject: 'pool',
  severity: 'danger',
  title: 'The pool is degraded',
  detail: 'A disk is missing.',
  suggestions: [],
}
