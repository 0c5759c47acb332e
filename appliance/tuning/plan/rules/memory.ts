import {
  gibibyte,
  mebibyte,
  type Proposal,
  rateInWords,
  sizeInWords,
  type World,
  within,
} from './proposal.ts'

/** Above this, what a NAS keeps in memory is cache, which needs no swap. */
const roomyBytes = 8 * gibibyte
const mostZramBytes = 4 * gibibyte

/** Half of the memory, as zram-generator has it by default; pages shrink to about a third. */
export function zramSize({ facts }: Pick<World, 'facts'>): Proposal[] {
  const { totalBytes, swaps } = facts.memory
  if (totalBytes === 0 || totalBytes >= roomyBytes) return []
  const here = facts.settable['zram.size']?.value ?? null
  // The system's own, which cannot be put back as it was.
  if (here === null && swaps.some(swap => swap.kind === 'zram')) return []
  const now = here === null || here === 'none' ? 0 : Number(here)
  const isEnough = now >= totalBytes / 4 && now <= totalBytes
  const size = isEnough ? now : Math.min(wholeMebibytes(totalBytes / 2), mostZramBytes)
  return [
    {
      name: 'zram.size',
      group: 'memory',
      title: 'Compressed memory',
      to: String(size),
      reason:
        'Memory that nobody has used for long is kept compressed, instead of ending a program when memory runs out.',
      evidence: `${sizeInWords(totalBytes)} of memory, ${swaps.length === 0 ? 'no swap' : `swap on ${[...new Set(swaps.map(swap => swap.kind))].join(' and ')}`}.`,
      effect: 'Room for about a third more, without wearing a disk.',
      memoryBytes: Math.round(size / 3),
    },
  ]
}

/** The kernel's zstd packs at level 3. A page at this rate takes 40 µs, less than a flash disk needs to read one. */
const comfortableMbPerSecond = 100

export function zramAlgorithm({ facts, measured }: World): Proposal[] {
  if (zramSize({ facts }).length === 0 || !measured) return []
  const [device] = facts.memory.zram.devices
  const zstd = measured.compression.find(({ level }) => level === 3)
  if (!device || !zstd || !device.algorithms.includes('zstd')) return []
  const fast = ['lz4', 'lzo-rle', 'lzo'].find(name => device.algorithms.includes(name))
  const to = zstd.mbPerSecond >= comfortableMbPerSecond ? 'zstd' : fast
  if (to === undefined) return []
  return [
    {
      name: 'zram.algorithm',
      group: 'memory',
      title: 'How memory is compressed',
      to,
      reason:
        to === 'zstd'
          ? 'This processor is quick enough for the method that packs best.'
          : 'The method that packs best is too slow on this processor.',
      evidence: `zstd level 3 packs ${rateInWords(zstd.mbPerSecond)} here.`,
      effect: to === 'zstd' ? 'More fits in the same memory.' : 'Programs wait less for what was packed.',
    },
  ]
}

/** Documentation/admin-guide/sysctl/vm.rst, swappiness: above 100 where swap is faster than the disk of the files. */
export function swappiness(world: World): Proposal[] {
  const { facts } = world
  const { swaps } = facts.memory
  const common = { name: 'vm.swappiness', group: 'memory', title: 'When memory is swapped' } as const
  if (isAllSwapCompressed(world))
    return [
      {
        ...common,
        to: '180',
        reason: 'Swap is compressed memory here, which is faster than reading a file from a disk again.',
        evidence: swapInWords(facts),
        effect: 'More files stay in memory.',
      },
    ]
  const wearing = swaps.find(swap => facts.disks.some(disk => disk.name === swap.disk && disk.bus === 'mmc'))
  if (!wearing || isCompressed(world)) return []
  return [
    {
      ...common,
      to: '1',
      reason: 'Swap is on a memory card, which is slow and wears out.',
      evidence: `Swap on ${wearing.disk}.`,
      effect: 'The card is written only when memory is really short.',
    },
  ]
}

/** zram has no neighbours that would be cheaper to read along. */
export function pageCluster(world: World): Proposal[] {
  const { facts } = world
  if (!isAllSwapCompressed(world)) return []
  return [
    {
      name: 'vm.page-cluster',
      group: 'memory',
      title: 'Swap read-ahead',
      to: '0',
      reason: 'Reading pages along that nobody asked for only costs time where swap is compressed memory.',
      evidence: swapInWords(facts),
      effect: 'A page comes back sooner.',
    },
  ]
}

/** How long writing out everything that waits may take. */
const flushSeconds = 3
const leastDirty = 32 * mebibyte

/**
 * The kernel lets a fifth of the memory wait for the disk. What that means in seconds depends on the slowest pool, so
 * nothing is set before it was measured.
 */
export function writeback({ facts, measured }: World): Proposal[] {
  const { totalBytes } = facts.memory
  const slowest = measured?.pools.toSorted((a, b) => a.writeMbPerSecond - b.writeMbPerSecond)[0]
  if (!slowest || slowest.writeMbPerSecond <= 0 || totalBytes === 0) return []
  const most = wholeMebibytes(totalBytes / 10)
  const usual = Math.min(leastDirty, most)
  const limit = within(wholeMebibytes(slowest.writeMbPerSecond * 1e6 * flushSeconds), usual, most)
  // Where a tenth of the memory is written in that time anyway, the kernel's own limit does no harm.
  const usualSeconds = (totalBytes * 0.2) / (slowest.writeMbPerSecond * 1e6)
  if (usualSeconds <= flushSeconds * 2) return []
  const evidence = `The pool ${slowest.name} writes ${rateInWords(slowest.writeMbPerSecond)}; a fifth of ${sizeInWords(totalBytes)} takes it ${Math.round(usualSeconds)} s.`
  return [
    {
      name: 'vm.dirty',
      group: 'memory',
      title: 'How much may wait to be written',
      to: String(limit),
      reason: 'More than the disks write in a few seconds makes everybody wait at once later.',
      evidence,
      effect: 'No long pauses while large files arrive.',
      memoryBytes: limit,
    },
    {
      name: 'vm.dirty-background',
      group: 'memory',
      title: 'When writing begins',
      to: String(Math.max(wholeMebibytes(limit / 3), mebibyte)),
      reason: 'Writing begins while there is still room, so that nobody has to wait for it.',
      evidence,
      effect: 'Disks write steadily instead of in bursts.',
    },
  ]
}

function swapInWords({ memory }: World['facts']): string {
  return memory.swaps.length === 0 ? 'All swap will be zram, which is set before it.' : 'All swap is zram.'
}

function isAllSwapCompressed(world: World): boolean {
  return isCompressed(world) && world.facts.memory.swaps.every(swap => swap.kind === 'zram')
}

/** Whether some swap is zram, or will be once what is planned is set. */
function isCompressed({ facts, choices }: World): boolean {
  const { value = null, problem = null } = facts.settable['zram.size'] ?? {}
  if (value === null || problem !== null) return facts.memory.swaps.some(swap => swap.kind === 'zram')
  return (choices['zram.size'] ?? zramSize({ facts })[0]?.to ?? value) !== 'none'
}

function wholeMebibytes(bytes: number): number {
  return Math.floor(bytes / mebibyte) * mebibyte
}
