import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../../lib/log.ts'
import type { Volume } from '../../schema.ts'
import type { VolumeRow } from '../../store/index-store.ts'
import { createPoolIndex, type PoolIndex } from './pool-index.ts'
import { keyOf, type Trust, volumeKey } from './trust.ts'

export interface OpenPool {
  name: string
  /** Where it is mounted. */
  path: string
  index: PoolIndex
}

export interface OpenPoolsDeps {
  log: Log
  trust: Trust
  /** Somebody has to see to it that the volume is caught up again. */
  onDoubt(volume: Volume): void
}

/** The indexes of pools that this process has open. */
export function createOpenPools({ log, trust, onDoubt }: OpenPoolsDeps) {
  const pools = new Map<string, OpenPool>()
  let isEnding = false

  /** Undefined while the pool is away or cannot be written: then there is no index. */
  function open(volume: Volume): OpenPool | undefined {
    if (!volume.isAvailable || volume.isReadOnly || isEnding) return undefined
    const known = pools.get(volume.pool)
    if (known) return known
    const path = join(volume.path, '..', '..')
    if (!existsSync(join(path, 'index'))) return undefined
    const index = createPoolIndex({ poolPath: path, ownUid: process.getuid?.() ?? 0, nowMs: Date.now })
    const opened = { name: volume.pool, path, index }
    pools.set(volume.pool, opened)
    return opened
  }

  function close(name: string) {
    const pool = pools.get(name)
    pools.delete(name)
    pool?.index.close()
  }

  /** It could not be read or written: until it has caught up again, folders are listed from the disk. */
  function doubt(volume: Volume, error: unknown) {
    log.warn('the index of a volume cannot be relied on', { volume: keyOf(volume), error })
    trust.set(volume, false)
    close(volume.pool)
    onDoubt(volume)
  }

  function find(volume: Volume): { pool: OpenPool; index: PoolIndex; row: VolumeRow } | undefined {
    const pool = open(volume)
    const row = pool?.index.volume(volumeKey(volume))
    return pool && row && { pool, index: pool.index, row }
  }

  /** Asks the index; where that breaks, the answer is undefined. */
  function ask<T>(
    volume: Volume,
    question: (found: { index: PoolIndex; row: VolumeRow }) => T,
  ): T | undefined {
    try {
      const found = find(volume)
      return found && question(found)
    } catch (error) {
      doubt(volume, error)
      return undefined
    }
  }

  return {
    find,
    ask,
    doubt,
    close,
    get: (name: string) => pools.get(name),
    all: () => [...pools.values()],
    isOpen: (pool: OpenPool) => pools.get(pool.name) === pool,
    /** For good: a pool that is still open could not be unmounted. */
    closeAll() {
      isEnding = true
      for (const name of [...pools.keys()]) close(name)
    },
  }
}

export type OpenPools = ReturnType<typeof createOpenPools>
