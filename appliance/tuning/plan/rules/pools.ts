import type { TunedDisk, TunedPool } from '../../schema/index.ts'
import { counted, type Proposal, rateInWords, type World } from './proposal.ts'

/** A level whose files are not smaller by this much is not worth its time. */
const worthwhile = 1.01

/**
 * Btrfs packs on several cores at once; half of them are left to everybody else. The highest level that is still as fast
 * as the pool writes does not slow it down.
 */
export function compression({ facts, measured }: World): Proposal[] {
  if (!measured || measured.compression.length === 0) return []
  const cores = Math.max(1, Math.floor(facts.cpu.cores / 2))
  return facts.pools.flatMap(pool => {
    const disk = measured.pools.find(({ name }) => name === pool.name)
    if (!disk || disk.writeMbPerSecond <= 0) return []
    const quick = measured.compression
      .filter(({ mbPerSecond }) => mbPerSecond * cores >= disk.writeMbPerSecond)
      .toSorted((a, b) => a.level - b.level)
    const best = quick.reduce(
      (chosen, next) => (chosen && next.ratio < chosen.ratio * worthwhile ? chosen : next),
      quick[0],
    )
    const slow = `even level ${Math.min(...measured.compression.map(({ level }) => level))} is slower`
    return [
      {
        name: `pool.${pool.name}.compression`,
        group: 'pools',
        title: `Compression, pool ${pool.name}`,
        to: best ? `zstd:${best.level}` : 'none',
        reason: best
          ? 'The highest level that packs as fast as the disks write makes files smaller without making them slower.'
          : 'This processor packs slower than the disks write.',
        evidence: `The pool writes ${rateInWords(disk.writeMbPerSecond)}; on ${cores} of ${counted(facts.cpu.cores, 'core')} ${best ? `level ${best.level} packs ${rateInWords(best.mbPerSecond * cores)}` : slow}.`,
        effect: best
          ? `What can be packed takes about ${Math.round(100 / best.ratio)} % of its size.`
          : 'Writing is as fast as the disks.',
      },
    ]
  })
}

export function mountOptions({ facts }: World): Proposal[] {
  return facts.pools.flatMap(pool => {
    const disks = disksOf(facts.disks, pool)
    if (disks.length === 0 || disks.length < pool.disks.length) return []
    return [...flash(pool, disks), ...discard(pool, disks)]
  })
}

/** Btrfs asks the first disk only; a USB bridge or a file may say of a flash disk that it spins. */
function flash(pool: TunedPool, disks: readonly TunedDisk[]): Proposal[] {
  const isFlash = disks.every(disk => disk.isRotational === false || disk.bus === 'nvme')
  const spins = disks.some(disk => disk.isRotational === true && ['sata', 'scsi', 'usb'].includes(disk.bus))
  if (isFlash === spins) return []
  return [
    {
      name: `pool.${pool.name}.layout`,
      group: 'pools',
      title: `Layout, pool ${pool.name}`,
      to: isFlash ? 'ssd' : 'nossd',
      reason: isFlash
        ? 'Flash writes best in large pieces, wherever they are.'
        : 'The heads of spinning disks should not have to travel.',
      evidence: `${disks.map(disk => disk.name).join(', ')}: ${isFlash ? 'none of them spins' : 'spinning'}.`,
      effect: isFlash ? 'Small files are safe on the disk sooner.' : 'Large files lie together.',
    },
  ]
}

function discard(pool: TunedPool, disks: readonly TunedDisk[]): Proposal[] {
  if (!disks.every(disk => disk.canDiscard && (disk.bus === 'nvme' || disk.isRotational === false))) return []
  return [
    {
      name: `pool.${pool.name}.discard`,
      group: 'pools',
      title: `Freed space, pool ${pool.name}`,
      to: 'async',
      reason: 'Flash that is told what is free stays fast, and telling it later keeps deleting fast too.',
      evidence: `${disks.map(disk => disk.name).join(', ')}: flash that can be told.`,
      effect: 'Writing stays as fast as on the first day.',
    },
  ]
}

function disksOf(disks: readonly TunedDisk[], pool: TunedPool): TunedDisk[] {
  return disks.filter(disk => pool.disks.includes(disk.name))
}
