import { chmod, mkdir, readdir, rmdir } from 'node:fs/promises'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { run } from '../../lib/run.ts'
import { metadataProfile } from '../plan/profile.ts'
import type { DiskFacts } from '../schema.ts'
import type { NewPool, PoolBackend, PoolPlace } from './backend.ts'
import { readBtrfsFacts } from './facts.ts'
import { mountAt, mountFirst, unmountPlace } from './mounts.ts'

const longMs = 10 * 60_000

/** Pools over real disks. */
export const btrfsBackend: PoolBackend = {
  kind: 'btrfs',

  async create(pool) {
    for (const disk of pool.disks) await wipe(disk)
    await makeFilesystem(pool)
    await scan(pool.disks)
    if (!(await mountAtPlace(pool, pool.disks, ['']))) {
      throw new Failure('internal', 'storage/mount-failed', `The new pool ${pool.name} cannot be mounted.`)
    }
  },

  async abandon(pool, disks) {
    if (await isMountedHere(pool)) await unmountPlace(pool.place, 'refuse')
    for (const disk of membersOf(pool, disks)) await wipe(disk)
    await removeMountPoint(pool.place)
  },

  async mount(pool, disks) {
    if (await isMountedHere(pool)) return true
    const members = membersOf(pool, disks)
    if (members.length === 0) {
      await makeMountPoint(pool.place)
      return false
    }
    await scan(members)
    return mountAtPlace(pool, members, ['', 'degraded', 'ro', 'ro,degraded'])
  },

  async unmount({ place }) {
    await unmountPlace(place, 'refuse')
  },

  facts: readBtrfsFacts,

  async createSubvolume(path) {
    await run(['btrfs', 'subvolume', 'create', path])
  },

  async deleteSubvolume(path) {
    await run(['btrfs', 'subvolume', 'delete', '--commit-after', path], { timeoutMs: longMs })
  },

  async snapshot(from, to, mode) {
    const flags = mode === 'read-only' ? ['-r'] : []
    await run(['btrfs', 'subvolume', 'snapshot', ...flags, from, to], { timeoutMs: longMs })
  },

  async makeReadOnly(path) {
    await run(['btrfs', 'property', 'set', '-ts', path, 'ro', 'true'])
  },

  async sync(path) {
    await run(['btrfs', 'filesystem', 'sync', path], { timeoutMs: longMs })
  },
}

/** The signatures of the partitions first: below a new table they could be found again. */
export async function wipe({ path, signatures, partitions }: DiskFacts): Promise<void> {
  const inside = new Set(signatures.map(({ device }) => `/dev/${device}`).filter(device => device !== path))
  // Without --force: wipefs(8) then refuses what is in use.
  for (const device of [...inside, path]) await run(['wipefs', '--all', device], { timeoutMs: longMs })
  if (partitions > 0) await run(['blockdev', '--rereadpt', path])
}

async function makeFilesystem({ name, uuid, profile, disks }: NewPool) {
  if (profile === 'folder') throw new Failure('invalid', 'storage/profile', 'A folder is no Btrfs profile.')
  const metadata = metadataProfile(profile, disks.length)
  // mkfs.btrfs 6.2 leaves the first one out of its first chunks: if that is the largest, its partners fill up early.
  const devices = disks.toSorted((a, b) => a.sizeBytes - b.sizeBytes).map(({ path }) => path)
  await run(
    [
      'mkfs.btrfs',
      '--quiet',
      '--uuid',
      uuid,
      '--label',
      name,
      '--data',
      profile,
      '--metadata',
      metadata,
      ...devices,
    ],
    { timeoutMs: longMs },
  )
}

/** The kernel finds the other disks of a pool only among those that it was shown. */
export async function scan(disks: readonly DiskFacts[]) {
  for (const { path } of disks) await run(['btrfs', 'device', 'scan', path], { expected: [1] })
}

function membersOf({ uuid }: PoolPlace, disks: readonly DiskFacts[]): DiskFacts[] {
  return disks.filter(disk => disk.signatures.some(found => found.type === 'btrfs' && found.uuid === uuid))
}

async function isMountedHere(pool: PoolPlace): Promise<boolean> {
  return (await readBtrfsFacts(pool)).isMounted
}

async function mountAtPlace(pool: PoolPlace, disks: readonly DiskFacts[], extras: readonly string[]) {
  const device = disks[0]?.path
  if (device === undefined) return false
  await makeMountPoint(pool.place)
  // Loops say that they are rotational, and Btrfs would then be twenty times slower at syncing small files.
  const ssd = disks.every(disk => !disk.isRotational) ? ['ssd'] : []
  // A disk may come from anywhere: nothing on it makes anybody root.
  const usual = ['noatime', 'nosuid', 'nodev', 'compress=zstd:1', 'space_cache=v2', 'subvolid=5', ...ssd]
  return mountFirst(
    device,
    pool.place,
    extras.map(extra => [...usual, extra].filter(Boolean).join(',')),
  )
}

/** Nobody but root may enter it while the pool is away, so that no face writes below the mount. */
async function makeMountPoint(place: string) {
  await mkdir(place, { recursive: true, mode: 0o711 })
  if (!(await mountAt(place))) await chmod(place, 0o000)
}

async function removeMountPoint(place: string) {
  try {
    if ((await readdir(place)).length === 0) await rmdir(place)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}
