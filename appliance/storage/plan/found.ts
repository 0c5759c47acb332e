import type { DiskFacts } from '../schema.ts'
import type { KnownPool } from './disk.ts'

export interface UnknownFilesystem {
  uuid: string
  disks: DiskFacts[]
}

/** The Btrfs on these disks that are nobody's here: neither a known pool's, nor mounted by somebody else, nor below something. */
export function unknownFilesystems(
  disks: readonly DiskFacts[],
  known: readonly Pick<KnownPool, 'uuid'>[],
  poolsDir: string,
): UnknownFilesystem[] {
  const found = new Map<string, DiskFacts[]>()
  for (const disk of disks.filter(({ isAway, holders }) => !isAway && holders.length === 0))
    for (const uuid of new Set(uuidsOf(disk))) found.set(uuid, [...(found.get(uuid) ?? []), disk])
  return [...found]
    .map(([uuid, members]) => ({ uuid, disks: members }))
    .filter(({ uuid }) => known.every(pool => pool.uuid !== uuid))
    .filter(({ disks: members }) => !isTaken(members, poolsDir))
}

function uuidsOf({ signatures }: DiskFacts): string[] {
  return signatures.flatMap(({ type, uuid }) => (type === 'btrfs' && uuid !== null ? [uuid] : []))
}

/** What an import that was cut off has left mounted is nobody else's. */
function isTaken(members: readonly DiskFacts[], poolsDir: string): boolean {
  const places = members.flatMap(({ mountpoints }) => mountpoints)
  const isMounted = members.some(({ mountedUuid }) => mountedUuid !== null) || places.length > 0
  return isMounted && (places.length === 0 || !places.every(place => place.startsWith(`${poolsDir}/`)))
}
