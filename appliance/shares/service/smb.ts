import type { Agent } from '../../agent/client.ts'
import { Failure, failureRecord } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { createMemory } from '../../lib/memory.ts'
import type { System } from '../../system/index.ts'
import type { Tuning } from '../../tuning/index.ts'
import type { Users } from '../../users/index.ts'
import { smbIntentOf } from '../plan/intent.ts'
import type { SmbIntent, SmbStatus } from '../schema.ts'
import type { Store } from '../store/index.ts'
import { applyDecided } from './applying.ts'
import type { Catalog } from './catalog.ts'

export interface SmbSync {
  /** Brings Samba in line with what was decided. Never throws: SMB being broken breaks nothing else. */
  apply(): Promise<void>
  /** The same, for who has to know whether it came to pass. */
  applyOrFail(): Promise<void>
  /** Cuts every connection to a share or home; clients connect again by themselves. */
  close(share: string): Promise<void>
  status(): Promise<SmbStatus>
}

export interface SmbSyncDeps {
  agent: Agent
  store: Store
  catalog: Pick<Catalog, 'stateOf'>
  users: Pick<Users, 'smbAccounts' | 'groups'>
  system: Pick<System, 'name'>
  tuning: Pick<Tuning, 'taken'>
  log: Log
}

export function createSmbSync(deps: SmbSyncDeps): SmbSync {
  const { agent, store, catalog, users, system, tuning, log } = deps
  const memory = createMemory<SmbStatus['problem']>(null, applyNow)

  async function intent(): Promise<SmbIntent> {
    const [accounts, groups, shares, homes, taken] = await Promise.all([
      users.smbAccounts(),
      users.groups.list(),
      store.shares.list(),
      store.homes.list(),
      tuning.taken(),
    ])
    const isAvailable = (pool: string) => catalog.stateOf(pool).isAvailable
    return smbIntentOf({ hostName: system.name(), accounts, groups, shares, homes, isAvailable, taken })
  }

  async function applyNow(): Promise<SmbStatus['problem']> {
    try {
      await applyDecided(intent, wanted => agent.call('shares/apply-smb', wanted))
      return null
    } catch (error) {
      log.error('SMB could not be configured', { error })
      return failureRecord(error)
    }
  }

  async function status(): Promise<SmbStatus> {
    try {
      const now = await agent.call('shares/smb-status', {})
      return { ...now, problem: now.problem ?? memory.value() }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return { isRunning: false, restarts: 0, problem: failureRecord(error) }
    }
  }

  return {
    apply: memory.refresh,
    async applyOrFail() {
      await memory.refresh()
      const { problem } = await status()
      if (problem) throw new Failure('conflict', problem.code, problem.message)
    },
    async close(share) {
      await agent.call('shares/close-smb', { share })
    },
    status,
  }
}
