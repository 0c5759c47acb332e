import { z } from 'zod'
import packageFile from '../../package.json' with { type: 'json' }
import type { Config } from '../config.ts'
import { systemClock } from '../lib/clock.ts'
import type { Events } from '../lib/events.ts'
import { Failure } from '../lib/failure.ts'
import { askToStartAgain } from '../lib/launcher.ts'
import { createLetGo } from '../lib/let-go.ts'
import type { Log } from '../lib/log.ts'
import { createMounted } from '../lib/mounted.ts'
import { operation } from '../lib/operation.ts'
import type { Parts } from '../lib/parts.ts'
import { run } from '../lib/run.ts'
import { createNetworkOperations } from '../network/system/index.ts'
import { createResetOperations } from '../reset/system/index.ts'
import { createSetupOperations } from '../setup/system.ts'
import { createSharesOperations } from '../shares/system/index.ts'
import { createStorageOperations } from '../storage/system/index.ts'
import { createSystemOperations } from '../system/system/index.ts'
import { createTuningOperations } from '../tuning/system/index.ts'
import { createUpdateOperations } from '../updates/system/index.ts'

export interface OperationDeps {
  config: Config
  events: Events
  log: Log
  /** What operations keep running beside them starts and stops with the agent. */
  parts: Parts
}

/** All that root may do, by name. Whatever is not listed here, nobody can ask of the agent. */
export function createOperations(deps: OperationDeps) {
  const { config } = deps
  const letGo = createLetGo(deps.log)
  const mounted = createMounted(deps.log)
  return {
    'agent/ping': operation({
      input: z.object({}),
      output: z.object({ pid: z.number().int(), uid: z.number().int() }),
      isRead: true,
      run: async () => ({ pid: process.pid, uid: process.getuid?.() ?? -1 }),
    }),
    ...createNetworkOperations({
      dataDir: config.dataDir,
      clock: systemClock,
      bootFolder: config.bootFolder,
    }),
    ...createUpdateOperations({ dataDir: config.dataDir, version: packageFile.version }),
    ...createSystemOperations({ isImage: config.bootFolder !== null }),
    ...createSetupOperations({ folder: config.bootFolder }),
    ...createResetOperations({ dataDir: config.dataDir, startAgain: () => startAgain(config) }),
    ...createTuningOperations({
      ...deps,
      mounted,
      poolsDir: config.poolsDir,
      dataDir: config.dataDir,
    }),
    ...createStorageOperations({
      ...deps,
      letGo,
      mounted,
      poolsDir: config.poolsDir,
      practice: config.practice,
      isRoot: config.isRoot,
    }),
    // After storage: smbd and the NFS server stop before the pools they serve are unmounted.
    ...createSharesOperations({ ...deps, letGo }),
  }
}

/** On the image the machine starts again, and is another one afterwards; elsewhere the launcher starts us again. */
async function startAgain({ bootFolder, isLaunched }: Config): Promise<void> {
  if (bootFolder !== null) await run(['systemctl', '--no-block', 'reboot'])
  else if (!isLaunched || !askToStartAgain())
    throw new Failure('unavailable', 'reset/start-again', 'Stop Cairn and start it again: then it is reset.')
}

export type AgentOperations = ReturnType<typeof createOperations>
