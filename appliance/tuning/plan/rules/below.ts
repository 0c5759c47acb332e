import type { Facts, TunedDisk } from '../../schema/index.ts'

/** The disks that pools lie on. */
export function disksBelow({ disks, pools }: Pick<Facts, 'disks' | 'pools'>): TunedDisk[] {
  return disks.filter(disk => pools.some(pool => pool.disks.includes(disk.name)))
}

export function takenInWords({ name, queues, queueDepth }: TunedDisk): string {
  if (queues > 1) return `${name} takes requests on ${queues} queues`
  return `${name} takes ${queueDepth === null || queueDepth === 1 ? 'one request' : `${queueDepth} requests`}`
}
