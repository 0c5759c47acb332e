import type { DiskFacts, PoolFacts, PoolProfile } from '../schema.ts'

export interface PoolPlace {
  name: string
  uuid: string
  /** Where its top level is mounted. */
  place: string
}

export interface NewPool extends PoolPlace {
  profile: PoolProfile
  disks: readonly DiskFacts[]
}

/** What a kind of pool must be able to do; nothing above knows which kind it is. Paths are real ones. */
export interface PoolBackend {
  kind: 'btrfs' | 'folder'
  /** Makes the filesystem and mounts it. Everything on `disks` is gone. */
  create(pool: NewPool): Promise<void>
  /** Undoes a creation that did not come to its end, wherever it stopped. */
  abandon(pool: PoolPlace, disks: readonly DiskFacts[]): Promise<void>
  /** As well as it can be: whole, else without the missing disks, else read-only. False: not at all. */
  mount(pool: PoolPlace, disks: readonly DiskFacts[]): Promise<boolean>
  unmount(pool: PoolPlace): Promise<void>
  /** Cheap, and wakes no disk. */
  facts(pool: PoolPlace): Promise<PoolFacts>
  createSubvolume(path: string): Promise<void>
  deleteSubvolume(path: string): Promise<void>
  /** A copy of this instant; durable when it returns. */
  snapshot(from: string, to: string, mode: 'read-only' | 'writable'): Promise<void>
  makeReadOnly(path: string): Promise<void>
  /** All that was written before is on disk when it returns. */
  sync(path: string): Promise<void>
}
