import type { LetGo } from '../../../lib/let-go.ts'
import type { Mounted } from '../../../lib/mounted.ts'
import type { PoolBackend, PoolPlace } from '../backend.ts'
import type { Feed } from './index.ts'

interface FollowedDeps {
  feed: Feed
  alone<T>(pool: string, work: () => Promise<T>): Promise<T>
  letGo: LetGo
  mounted?: Mounted | undefined
}

/** A backend whose pools are followed while they are mounted. `alone`: nobody reads in the pool meanwhile. */
export function followedBackend(
  backend: PoolBackend,
  { feed, alone, letGo, mounted }: FollowedDeps,
): PoolBackend {
  /** Whatever comes of it: what is mounted afterwards is followed. */
  async function letGoFor<T>(pool: PoolPlace, work: () => Promise<T>): Promise<T> {
    return letGo.during(pool.name, () =>
      alone(pool.name, async () => {
        feed.detach(pool)
        try {
          return await work()
        } finally {
          if ((await backend.facts(pool)).isMounted) feed.attach(pool)
        }
      }),
    )
  }

  return {
    ...backend,
    async create(pool) {
      await backend.create(pool)
      feed.attach(pool)
      await mounted?.tell(pool.name)
    },
    abandon: (pool, disks) => letGoFor(pool, () => backend.abandon(pool, disks)),
    async mount(pool, disks) {
      const isMounted = await backend.mount(pool, disks)
      if (isMounted) {
        feed.attach(pool)
        await mounted?.tell(pool.name)
      }
      return isMounted
    },
    unmount: pool => letGoFor(pool, () => backend.unmount(pool)),
  }
}
