import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { type Agent, createLocalAgent } from '../../appliance/agent/client.ts'
import { type Config, readConfig } from '../../appliance/config.ts'
import { systemClock } from '../../appliance/lib/clock.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createLetGo } from '../../appliance/lib/let-go.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createParts } from '../../appliance/lib/parts.ts'
import { createShares, type Shares, type SharesDeps } from '../../appliance/shares/index.ts'
import { createSharesOperations } from '../../appliance/shares/system/index.ts'
import { createUsers, type Users } from '../../appliance/users/index.ts'
import { freePort } from '../helpers/cairn.ts'
import { type Box, startBox } from '../storage/box.ts'

export interface World {
  box: Box
  users: Users
  shares: Shares
  smbPort: number
  config: Config
  agent: Agent
  /** As after SIGTERM of the agent. */
  stop(): Promise<void>
}

export interface WorldOptions {
  /** A pool of a practice disk, and smbd; otherwise a pool that is a plain folder, and no SMB. */
  isReal?: boolean
  hasPool?: boolean
  smbPort?: number
  tuning?(box: Box): Promise<SharesDeps['tuning']>
}

/** Storage, users and shares of one box, as a server has them, with the agent in this process. */
export async function startWorld(t: ExecutionContext, options: WorldOptions = {}): Promise<World> {
  const { isReal = false, hasPool = true } = options
  const box = await startBox(t, { isRoot: isReal, disks: 1 })
  if (isReal) await chmod(box.folder, 0o755)
  if (isReal && hasPool) await box.createPool('single')
  const config = await configOf(t, box.folder, options.smbPort)
  const parts = createParts(silentLog)
  const operations = createSharesOperations({ config, log: silentLog, parts, letGo: createLetGo(silentLog) })
  const agent = createLocalAgent(isReal ? operations : withoutSmb(operations), silentLog)
  const database = await openDatabase(join(box.folder, 'people.db'))
  const kit = { database, agent, events: box.events, log: silentLog, clock: systemClock, config }
  const users = createUsers(kit)
  const tuning = (await options.tuning?.(box)) ?? untuned
  const system = { name: () => 'cairn' }
  const shares = createShares({ ...kit, storage: box.storage, users, system, tuning })
  await migrateDatabase(database, [...(users.domain.migrations ?? []), ...(shares.domain.migrations ?? [])])
  await parts.start()
  await users.domain.start?.()
  await shares.domain.start?.()
  t.teardown(async () => {
    await parts.stop()
    await database.destroy()
  })
  return { box, users, shares, smbPort: config.samba.port, config, agent, stop: parts.stop }
}

/** Nothing was applied. */
export const untuned: SharesDeps['tuning'] = { taken: async () => ({}), onTaken: () => undefined }

const withoutNfs = async () => ({
  engine: 'ganesha' as const,
  isWanted: false,
  isRunning: false,
  restarts: 0,
  problem: { code: 'shares/nfs-not-installed', message: 'NFS is not installed.' },
  unknownNames: [],
  failed: [],
  connected: [],
})

/** A machine without Samba and NFS. */
function withoutSmb(operations: ReturnType<typeof createSharesOperations>) {
  const problem = { code: 'shares/smb-not-installed', message: 'Samba is not installed.' }
  const run = async () => ({ isRunning: false, restarts: 0, problem })
  return {
    'shares/apply-smb': { ...operations['shares/apply-smb'], run },
    'shares/close-smb': { ...operations['shares/close-smb'], run: async () => null },
    'shares/smb-status': { ...operations['shares/smb-status'], run },
    'shares/writers-of': operations['shares/writers-of'],
    'shares/apply-nfs': { ...operations['shares/apply-nfs'], run: withoutNfs },
    'shares/nfs-status': { ...operations['shares/nfs-status'], run: withoutNfs },
    'shares/renew-nfs': { ...operations['shares/renew-nfs'], run: async () => null },
  }
}

async function configOf(t: ExecutionContext, dataDir: string, smbPort?: number): Promise<Config> {
  const runDir = await mkdtemp(join(tmpdir(), 'cairn-run-'))
  await chmod(runDir, 0o755)
  t.teardown(() => rm(runDir, { recursive: true, force: true }))
  const port = smbPort ?? (await freePort())
  return { ...readConfig(['--data', dataDir, '--smb-port', String(port)], {}), runDir }
}
