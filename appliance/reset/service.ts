import type { Agent } from '../agent/client.ts'
import type { Log } from '../lib/log.ts'
import type { Storage } from '../storage/index.ts'
import type { System } from '../system/index.ts'
import { requireTyped } from './plan.ts'
import type { ErasedPool, ResetPlan, ResetRequest } from './schema.ts'

export interface ResetDeps {
  agent: Agent
  storage: Pick<Storage, 'pools' | 'uuidOf'>
  system: Pick<System, 'name'>
  log: Log
}

/** Back to the first boot: decided here, done at the next start, before anything opens the settings. */
export function createResetService({ agent, storage, system, log }: ResetDeps) {
  async function plan(): Promise<ResetPlan> {
    const pools = await storage.pools()
    return {
      name: system.name(),
      pools: pools.map(({ name, disks }) => ({
        name,
        disks: disks.map(({ serial, model, sizeBytes, state }) => ({
          serial,
          model,
          sizeBytes,
          isHere: state !== 'missing',
        })),
      })),
    }
  }

  async function erased(now: ResetPlan, names: readonly string[]): Promise<ErasedPool[]> {
    const chosen = now.pools.filter(({ name }) => names.includes(name))
    return Promise.all(
      chosen.map(async ({ name, disks }) => ({
        name,
        uuid: await storage.uuidOf(name),
        serials: disks.map(({ serial }) => serial),
      })),
    )
  }

  return {
    plan,
    /** When it returns, no power cut undoes it any more. */
    async begin({ confirm, erase }: Pick<ResetRequest, 'confirm' | 'erase'>): Promise<void> {
      const now = await plan()
      requireTyped({ confirm, erase }, now)
      await agent.call('reset/begin', { erase: await erased(now, Object.keys(erase)), confirm: erase })
    },
    async restart(): Promise<void> {
      try {
        await agent.call('reset/restart', {})
      } catch (error) {
        log.error('the reset waits for the next start', { error })
      }
    },
  }
}

export type ResetService = ReturnType<typeof createResetService>
