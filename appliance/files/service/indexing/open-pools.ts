import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../../lib/log.ts'
import { createRoom } from '../../../lib/room.ts'
import type { Volume } from '../../schema.ts'
import type { VolumeRow } from '../../store/index-store.ts'
import { createPoolIndex, type PoolIndex } from './pool-index.ts'
import { createResting } from './resting.ts'
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
  everyVolume(): readonly Volume[]
  /** Somebody has to see to it that the volume is caught up again. */
  onDoubt(volume: Volume): void
}

interface Use {
  pool: OpenPool
  usedAtMs: number
  holds: number
}

/** An open file keeps a pool from being unmounted or made read-only. */
const idleMs = 3_000

/** The indexes of pools that this process has open; what is not used for a few seconds is closed. */
export function createOpenPools({ log, trust, everyVolume, onDoubt }: OpenPoolsDeps) {
  const pools = new Map<string, Use>()
  const resting = createResting()
  const room = createRoom()
  let isEnding = false
  let cacheBytes: number | undefined
  let timer: NodeJS.Timeout | undefined

  function closeIdle() {
    timer = undefined
    for (const [name, { pool, usedAtMs, holds }] of pools)
      if (holds === 0 && !pool.index.isReading() && performance.now() - usedAtMs > idleMs) rest(name, pool)
    watch()
  }

  function rest(name: string, pool: OpenPool) {
    const volumes = everyVolume().filter(volume => volume.pool === name)
    try {
      resting.rest(pool, volumes, () => close(name))
    } catch (error) {
      log.warn('the index of a pool could not be closed in order', { pool: name, error })
      close(name)
    }
  }

  function watch() {
    if (pools.size > 0) timer ??= setTimeout(closeIdle, idleMs / 2).unref()
  }

  /** Undefined while the pool is away or cannot be written: then there is no index. */
  function open(volume: Volume): OpenPool | undefined {
    if (!volume.isAvailable || volume.isReadOnly || isEnding) return undefined
    const path = join(volume.path, '..', '..')
    if (!room.isIn(path)) return full(volume.pool)
    const known = pools.get(volume.pool)
    if (known) {
      known.usedAtMs = performance.now()
      return known.pool
    }
    if (!existsSync(join(path, 'index'))) return undefined
    const ownUid = process.getuid?.() ?? 0
    const index = createPoolIndex({ poolPath: path, ownUid, nowMs: Date.now, cacheBytes })
    resting.wake(volume.pool)
    const opened = { name: volume.pool, path, index }
    pools.set(volume.pool, { pool: opened, usedAtMs: performance.now(), holds: 0 })
    watch()
    return opened
  }

  /** Nothing is written any more, and so nothing relied on, until there is room again. */
  function full(name: string): undefined {
    const volumes = everyVolume().filter(volume => volume.pool === name)
    const trusted = volumes.filter(volume => trust.has(volume))
    for (const volume of trusted) {
      trust.set(volume, false)
      onDoubt(volume)
    }
    if (trusted.length > 0) log.warn('a pool is so full that its index rests', { pool: name })
    close(name)
    return undefined
  }

  function close(name: string) {
    const use = pools.get(name)
    pools.delete(name)
    use?.pool.index.close()
  }

  /** By the pool's name alone. */
  function named(name: string): OpenPool | undefined {
    const volume = everyVolume().find(one => one.pool === name)
    return volume && open(volume)
  }

  /** It stays open until this is disposed of, for work that takes its time. */
  function hold(name: string): Disposable {
    const pool = named(name)
    const use = pool && pools.get(name)
    if (use) use.holds += 1
    return {
      [Symbol.dispose]() {
        if (!use) return
        use.holds -= 1
        use.usedAtMs = performance.now()
      },
    }
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
    named,
    hold,
    /** Without opening anything; undefined where it has to be asked. */
    restingTop: (volume: Volume) => (pools.has(volume.pool) ? undefined : resting.top(volume)),
    all: () => [...pools.values()].map(({ pool }) => pool),
    /** Of each that is open, and of those to come. */
    keepInMemory(bytes: number) {
      cacheBytes = bytes
      for (const { pool } of pools.values()) pool.index.keepInMemory(bytes)
    },
    isOpen: (pool: OpenPool) => pools.get(pool.name)?.pool === pool,
    /** For good: a pool that is still open could not be unmounted. */
    closeAll() {
      isEnding = true
      clearTimeout(timer)
      for (const name of [...pools.keys()]) close(name)
    },
  }
}

export type OpenPools = ReturnType<typeof createOpenPools>
