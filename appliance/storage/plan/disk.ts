import type { Disk, DiskFacts, Signature } from '../schema.ts'

/** Below this, Btrfs has no room for its own metadata. */
const minimumBytes = 256 * 1024 ** 2

export interface KnownPool {
  name: string
  uuid: string
  /** Of its disks: one that does not answer cannot say itself where it belongs. */
  serials: string[]
}

/** What a disk is used for, and whether a pool may be made of it. */
export function describeDisk(
  facts: DiskFacts,
  pools: readonly KnownPool[],
  failing: ReadonlySet<string>,
): Disk {
  const pool = poolOf(facts, pools)
  const { use, reason } = judge(facts, pool)
  const { serial, path, model, sizeBytes, bus, isRotational, isPractice } = facts
  return {
    serial,
    path,
    model,
    sizeBytes,
    bus,
    isRotational,
    isPractice,
    state: facts.isAway ? 'away' : failing.has(serial) ? 'failing' : 'ok',
    use,
    pool,
    contents: contentsOf(facts),
    isOffered: reason === null,
    reason,
  }
}

function poolOf(facts: DiskFacts, pools: readonly KnownPool[]): string | null {
  const uuids = [facts.mountedUuid, ...facts.signatures.map(signature => signature.uuid)]
  const isOf = (pool: KnownPool) =>
    uuids.includes(pool.uuid) || (facts.isAway && pool.serials.includes(facts.serial))
  return pools.find(isOf)?.name ?? null
}

interface Judgement {
  use: Disk['use']
  reason: string | null
}

function judge(facts: DiskFacts, pool: string | null): Judgement {
  const { mountpoints } = facts
  if (pool !== null) return { use: 'pool', reason: `It belongs to the pool "${pool}".` }
  if (mountpoints.some(isOfTheSystem)) return { use: 'system', reason: 'The system runs from it.' }
  if (mountpoints.includes('[SWAP]')) return { use: 'system', reason: 'The system swaps to it.' }
  if (mountpoints[0] !== undefined) return { use: 'mounted', reason: `It is mounted at ${mountpoints[0]}.` }
  if (facts.mountedUuid !== null) return { use: 'mounted', reason: 'It is part of a Btrfs that is mounted.' }
  if (facts.holders.length > 0)
    return { use: 'foreign', reason: `Something is built on it (${facts.holders.join(', ')}).` }
  const use = facts.signatures.length === 0 ? 'free' : 'foreign'
  if (facts.isAway) return { use: 'foreign', reason: 'It does not answer.' }
  if (facts.isReadOnly) return { use, reason: 'It is read-only.' }
  if (facts.sizeBytes < minimumBytes)
    return { use, reason: 'It is too small: a pool needs disks of 256 MiB or more.' }
  return { use, reason: null }
}

function isOfTheSystem(place: string): boolean {
  return (
    place === '/' ||
    ['/boot', '/usr', '/var', '/home', '/etc'].some(top => place === top || place.startsWith(`${top}/`))
  )
}

const names: Record<string, string> = {
  dos: 'a partition table',
  gpt: 'a partition table',
  PMBR: 'a partition table',
  btrfs: 'Btrfs',
  ntfs: 'NTFS',
  vfat: 'FAT',
  exfat: 'exFAT',
  crypto_LUKS: 'an encrypted volume',
  LVM2_member: 'an LVM volume',
  linux_raid_member: 'a part of a Linux RAID',
  zfs_member: 'a part of a ZFS pool',
  swap: 'swap space',
}

/** In words, filesystems before the partition table that they lie in. */
export function contentsOf({ signatures, isAway }: Pick<DiskFacts, 'signatures' | 'isAway'>): string {
  if (isAway) return 'Unknown'
  const words = [...new Set(signatures.map(inWords))]
  const filesystems = words.filter(word => word !== 'a partition table')
  if (words.length === 0) return 'Empty'
  return filesystems.length > 0 ? filesystems.join(', ') : 'A partition table'
}

function inWords({ type, label }: Signature): string {
  const name = names[type] ?? type
  return label ? `${name} "${label}"` : name
}
