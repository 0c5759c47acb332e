import { Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import type { Volume } from '../../schema.ts'
import type { Retention } from './retention.ts'

const soonMs = 30_000
const lookEveryMs = 6 * 3_600_000
const fullEveryMs = 24 * 3_600_000
const mostIds = 10_000

export interface ScheduleDeps {
  retention: Retention
  everyVolume(): readonly Volume[]
  log: Log
  now(): number
}

/**
 * When history is tidied: a while after something was added, and once a day; where nothing was added and no day has
 * passed, no disk is touched. And at once where a disk is full.
 */
export function createSchedule({ retention, everyVolume, log, now }: ScheduleDeps) {
  const overwritten = new Map<string, { volume: Volume; ids: Set<number> }>()
  let lastFullMs = now()
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
    pressed(volume: Volume) {
      void enqueue(() =>
        retention.makeRoomWhereShort(everyVolume().filter(({ pool }) => pool === volume.pool)),
      )
    },
    tidy: () => enqueue(tidyAll),
    start() {
      regular = setInterval(() => {
        if (now() - lastFullMs >= fullEveryMs) void enqueue(tidyAll)
      }, lookEveryMs).unref()
    },
    async stop() {
      clearInterval(regular)
      clearTimeout(soon)
      await running
    },
  }
}
