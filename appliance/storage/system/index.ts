import type { Parts } from '../../lib/parts.ts'
import { createChangeOperations } from './change-operations.ts'
import { createKeeper, type KeeperDeps } from './keeper.ts'
import { createPoolOperations } from './pool-operations.ts'
import { createPracticeOperations } from './practice-operations.ts'
import { createSubvolumeOperations } from './subvolume-operations.ts'
import { createUpkeepOperations } from './upkeep-operations.ts'

export interface StorageSystemDeps extends KeeperDeps {
  parts: Parts
}

/** All that root does for disks and pools. */
export function createStorageOperations({ parts, ...deps }: StorageSystemDeps) {
  const { events, log } = deps
  const keeper = createKeeper(deps)
  parts.add({ name: 'storage', start: keeper.start, stop: keeper.stop })

  const practiceOperations = createPracticeOperations(keeper.practice, async () => {
    await keeper.watch.look()
    events.publish('storage/changed', { pool: null })
  })
  return {
    ...createPoolOperations(keeper, log),
    ...createSubvolumeOperations(keeper),
    ...createUpkeepOperations(keeper),
    ...createChangeOperations(keeper),
    // A box without practice disks does not know their operations.
    ...(keeper.hasPractice ? practiceOperations : ({} as typeof practiceOperations)),
  }
}
