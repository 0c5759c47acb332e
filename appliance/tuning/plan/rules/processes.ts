import { counted, mebibyte, type Proposal, sizeInWords, type World, within } from './proposal.ts'

/** A server process at work, with its share of the index in memory. */
const serverBytes = 128 * mebibyte
const mostServers = 8

/** A server process uses one core. On a small box one has to do. */
export function serversFor({ memoryBytes, cores }: { memoryBytes: number; cores: number }): number {
  return within(Math.floor(memoryBytes / 4 / serverBytes), 1, Math.min(cores, mostServers))
}

function serverCount({ facts }: Pick<World, 'facts'>): number {
  return serversFor({ memoryBytes: facts.memory.totalBytes, cores: facts.cpu.cores })
}

export function servers(world: World): Proposal[] {
  const { cpu, memory } = world.facts
  if (memory.totalBytes === 0) return []
  const count = serverCount(world)
  const isShort = count < Math.min(cpu.cores, mostServers)
  return [
    {
      name: 'servers.count',
      group: 'servers',
      title: 'Server processes',
      to: String(count),
      reason: isShort
        ? 'Each server process takes memory, and there is not enough for one on each core.'
        : 'Each server process uses one core.',
      evidence: `${counted(cpu.cores, 'core')}, ${sizeInWords(memory.totalBytes)} of memory.`,
      effect: 'Many clients are answered at once. Processes come and go without losing a request.',
      memoryBytes: count * serverBytes,
    },
  ]
}

/** The index lies in the pool: without one there is none. */
export function indexCache(world: World): Proposal[] {
  const { memory, pools } = world.facts
  if (memory.totalBytes === 0 || pools.length === 0) return []
  const count = Number(world.choices['servers.count'] ?? serverCount(world))
  const cache = within(Math.floor(memory.totalBytes / 64 / count / mebibyte), 4, 64) * mebibyte
  return [
    {
      name: 'sqlite.cache',
      group: 'servers',
      title: 'Memory for the index',
      to: String(cache),
      reason:
        'What the index keeps in memory need not be read from the disk, and each server process keeps its own.',
      evidence: `${sizeInWords(memory.totalBytes)} of memory, ${counted(count, 'server process', 'server processes')}.`,
      effect: 'Large folders open faster.',
      memoryBytes: cache * count,
    },
  ]
}

/** A memory card wears out by being written. */
export function placement({ facts }: World): Proposal[] {
  const cards = facts.disks.filter(disk => disk.bus === 'mmc' && !/boot\d$/.test(disk.name))
  const card = cards.find(disk => !facts.pools.some(pool => pool.disks.includes(disk.name)))
  if (!card) return []
  const evidence = `${card.name} is a memory card or soldered flash.`
  const settings: Proposal[] = [
    {
      name: 'system.logs',
      group: 'system',
      title: 'Where logs are kept',
      to: 'memory',
      reason: 'A memory card wears out by small writes, and logs are nothing else.',
      evidence,
      effect: 'The card lasts longer; logs of before a restart are gone.',
      advice: { from: null, consumer: 'The system would have to be set up so; Cairn does not do it yet.' },
    },
  ]
  if (facts.pools.length === 0) return settings
  return [
    ...settings,
    {
      name: 'system.index',
      group: 'system',
      title: 'Where the index is kept',
      to: 'pool',
      reason:
        'The index is written with every change of a file, which a memory card would not stand for long.',
      evidence,
      effect: 'The card is not written when files change.',
      advice: { from: 'pool', consumer: 'The index lies in the pool already.' },
    },
  ]
}
