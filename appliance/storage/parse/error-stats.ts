import type { ErrorCounts } from '../schema.ts'

/** /sys/fs/btrfs/UUID/devinfo/N/error_stats; a kernel that does not know a counter has none. `unavailable`: no device. */
export function parseErrorStats(text: string): ErrorCounts {
  const counts = new Map(text.split('\n').map(line => line.split(' ') as [string, string]))
  const count = (name: string) => Number(counts.get(`${name}_errs`) ?? 0)
  return {
    write: count('write'),
    read: count('read'),
    flush: count('flush'),
    corruption: count('corruption'),
    generation: count('generation'),
  }
}
