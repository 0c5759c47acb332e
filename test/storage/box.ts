import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { createLocalAgent } from '../../appliance/agent/client.ts'
import { createJobs, type Jobs, jobMigrations } from '../../appliance/jobs/index.ts'
import { systemClock } from '../../appliance/lib/clock.ts'
import { openDatabase } from '../../appliance/lib/database.ts'
import { createEvents, type JoinableEvents } from '../../appliance/lib/events.ts'
import { createLetGo } from '../../appliance/lib/let-go.ts'
import { type Log, silentLog } from '../../appliance/lib/log.ts'
import type { Mounted } from '../../appliance/lib/mounted.ts'
import { createParts } from '../../appliance/lib/parts.ts'
import { createStorage, type Storage, storageMigrations } from '../../appliance/storage/index.ts'
import { createStorageOperations } from '../../appliance/storage/system/index.ts'
import { tempFolder } from '../helpers/temp.ts'

export interface BoxOptions {
  disks?: number
  sizeBytes?: number
  isRoot?: boolean
  /** To start again on what an earlier box has left. */
  folder?: string
  log?: Log
  /** Hears in the agent of each pool that is mounted. */
  mounted?: Mounted
}

export interface Box {
  isRoot: boolean
  folder: string
  poolsDir: string
  storage: Storage
  events: JoinableEvents
  jobs: Jobs
  agent: ReturnType<typeof createLocalAgent>
  serials(): Promise<string[]>
  createPool(profile: 'single' | 'raid1' | 'raid1c3' | 'raid1c4' | 'raid10', disks?: string[]): Promise<void>
  /** As after SIGTERM: nothing stays mounted or attached. */
  stop(): Promise<void>
  /** As after kill -9: everything stays as it is, only we are gone. */
  crash(): Promise<void>
}

export const mebibyte = 1024 ** 2

/** A machine with practice disks, an agent in this process, and a server's storage on top of it. */
export async function startBox(
  t: Pick<ExecutionContext, 'teardown'>,
  options: BoxOptions = {},
): Promise<Box> {
  const { disks = 3, sizeBytes = 512 * mebibyte, isRoot = true, log = silentLog } = options
  const folder = options.folder ?? (await tempFolder(t))
  const poolsDir = join(folder, 'pools')
  mkdirSync(poolsDir, { recursive: true, mode: 0o711 })
  const events = createEvents()
  const parts = createParts(log)
  const operations = createStorageOperations({
    letGo: createLetGo(silentLog),
    poolsDir,
    practice: { folder: join(folder, 'disks'), count: disks, sizeBytes },
    isRoot,
    events,
    log,
    parts,
    ...(options.mounted ? { mounted: options.mounted } : {}),
  })
  const agent = createLocalAgent(operations, log)
  const database = await openDatabase(join(folder, 'cairn.db'), [...jobMigrations, ...storageMigrations])
  const jobs = createJobs({ database, events, clock: systemClock, log })
  const storage = createStorage({ database, agent, events, jobs, log, poolsDir })
  await parts.start()
  await jobs.domain.start?.()
  await storage.domain.start?.()

  let isUp = true
  const leave = async (isClean: boolean) => {
    if (!isUp) return
    isUp = false
    await storage.domain.stop?.()
    await jobs.domain.stop?.()
    if (isClean) await parts.stop()
    await database.destroy()
  }
  t.teardown(() => leave(true))

  const serials = async () => (await storage.disks()).filter(disk => disk.isPractice).map(disk => disk.serial)
  return {
    isRoot,
    folder,
    poolsDir,
    storage,
    events,
    jobs,
    agent,
    serials,
    async createPool(profile, chosen) {
      await storage.createPool({ name: 'pool', profile, disks: chosen ?? (await serials()) })
    },
    stop: () => leave(true),
    crash: () => leave(false),
  }
}

/** Ends when it is true; looked at after every event, and now and then. */
export async function eventually(
  t: ExecutionContext,
  box: Box,
  what: string,
  isTrue: () => Promise<boolean>,
) {
  const giveUpAt = Date.now() + 30_000
  while (!(await isTrue())) {
    if (Date.now() > giveUpAt) return t.fail(`never: ${what}`)
    await nextEvent(box.events, 250)
  }
  t.pass(what)
}

function nextEvent(events: JoinableEvents, atMostMs: number): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      end()
      resolve()
    }
    const timer = setTimeout(done, atMostMs)
    const end = events.onAny(done)
  })
}
