import type { RawFacts, TunedPool } from '../schema/index.ts'
import { mountOptionsIn } from './mount-options.ts'

/** What a higher layer knows of a pool. */
export interface KnownPool {
  name: string
  /** Where it is mounted. */
  path: string
  /** Kernel names. */
  disks: string[]
}

export function parsePools(raw: RawFacts, pools: readonly KnownPool[]): TunedPool[] {
  const options = mountOptionsIn(raw.files['/proc/self/mountinfo'] ?? '')
  return pools.map(({ name, path, disks }) => ({
    name,
    path,
    disks,
    mountOptions: options.get(path) ?? null,
  }))
}
