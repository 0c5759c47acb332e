import { Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import type { Volume } from '../../schema.ts'
import type { Retention } from './retention.ts'

const soonMs = 30_000
const firstMs = 15 * 60_000
const lookEveryMs = 15 * 60_000
const fullEveryMs = 24 * 3_600_000
const mostIds = 10_000

export interface ScheduleDeps {
  retention: Retention
  everyVolume(): readonly Volume[]
  log: Log
  now(): number
}

/**
 * When history is tidied: a while after something was added, and once a day; at once where one of us finds a disk full.
 * Others fill it too, so its free space is asked for now and then, which the kernel knows; only where that has changed,
 * and is short, is a disk touched.
 */
export function createSchedule({ retention, everyVolume, log, now }: ScheduleDeps) {
  const overwritten = new Map<string, { volume: Volume; ids: Set<number> }>()
  const lastFree = new Map<string, number>()
  const pressed = new Set<string>()
  let lastFullMs = now()
  let first: NodeJS.Timeout | undefined
  let soon: NodeJS.Timeout | undefined
  let regular: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  /** One after the other; what goes wrong is tried again next time. */
  function enqueue(work: () => Promise<void>): Promise<void> {
    const mine = running.then(work)
    running = mine.catch(error => {
      // A pool that is away has its turn when it is back.
      if (!(error instanceof Failure)) log.error('history could not be tidied', { error })
    })
    return mine
  }

  async function tidyAdded() {
    const added = [...overwritten.values()]
    overwritten.clear()
    for (const { volume, ids } of added) retention.thinSome(volume, ids)
    const pools = new Set(added.map(({ volume }) => volume.pool))
    await retention.makeRoomWhereShort(everyVolume().filter(({ pool }) => pools.has(pool)))
  }

  async function tidyAll() {
    lastFullMs = now()
    await retention.tidy(everyVolume())
  }

  async function look() {
    if (now() - lastFullMs >= fullEveryMs) return tidyAll()
    const changed = everyVolume().filter(volume => {
      const free = volume.isAvailable ? retention.freeBytes(volume) : 0
      const isSame = lastFree.get(volume.path) === free
      lastFree.set(volume.path, free)
      return !isSame
    })
    const pools = new Set(changed.map(({ pool }) => pool))
    await retention.makeRoomWhereShort(everyVolume().filter(({ pool }) => pools.has(pool)))
  }

  function later() {
    soon ??= setTimeout(() => {
      soon = undefined
      void enqueue(tidyAdded)
    }, soonMs).unref()
  }

  function noted(volume: Volume) {
    const known = overwritten.get(volume.path) ?? { volume, ids: new Set<number>() }
    overwritten.set(volume.path, known)
    later()
    return known
  }

  return {
    /** Something came to the trash. */
    deleted: (volume: Volume) => void noted(volume),
    /** Past so many, the daily round has the rest. */
    kept(volume: Volume, id: number) {
      const { ids } = noted(volume)
      if (ids.size < mostIds) ids.add(id)
    },
    /** Something found no space there. */
    pressed({ pool }: Volume) {
      if (pressed.has(pool)) return
      pressed.add(pool)
      void enqueue(async () => {
        pressed.delete(pool)
        await retention.makeRoomWhereShort(everyVolume().filter(volume => volume.pool === pool))
      })
    },
    tidy: () => enqueue(tidyAll),
    start() {
      first = setTimeout(() => void enqueue(tidyAll), firstMs).unref()
      regular = setInterval(() => void enqueue(look), lookEveryMs).unref()
    },
    async stop() {
      clearTimeout(first)
      clearInterval(regular)
      clearTimeout(soon)
      await running
    },
  }
}
