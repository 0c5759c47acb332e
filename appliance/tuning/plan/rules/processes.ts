import { counted, mebibyte, type Proposal, sizeInWords, type World, within } from './proposal.ts'

/** A server process at work, with its share of the index in memory. */
const serverBytes = 128 * mebibyte
const mostServers = 8
/** A photo of 24 megapixels while it is made smaller. */
const pictureBytes = 128 * mebibyte

/** A server process uses one core. On a small box one has to do. */
export function serversFor({ memoryBytes, cores }: { memoryBytes: number; cores: number }): number {
  return within(Math.floor(memoryBytes / 4 / serverBytes), 1, Math.min(cores, mostServers))
}

function serverCount({ facts }: World): number {
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
      effect: 'Many clients are answered at once.',
      memoryBytes: count * serverBytes,
      advice: {
        from: null,
        consumer: 'Cairn would have to start as many; it starts as many as `--servers` says, else one.',
      },
    },
  ]
}

export function sqlite(world: World): Proposal[] {
  const { memory, pools } = world.facts
  if (memory.totalBytes === 0) return []
  const count = serverCount(world)
  const cache = within(Math.floor(memory.totalBytes / 64 / count / mebibyte), 4, 64) * mebibyte
  const consumer = 'The index would have to take it up when it is opened.'
  const cacheSetting: Proposal = {
    name: 'sqlite.cache',
    group: 'servers',
    title: 'Memory for the index',
    to: String(cache),
    reason:
      'What the index keeps in memory need not be read from the disk, and each server process keeps its own.',
    evidence: `${sizeInWords(memory.totalBytes)} of memory, ${counted(count, 'server process', 'server processes')}.`,
    effect: 'Large folders open faster.',
    memoryBytes: cache * count,
    advice: { from: null, consumer },
  }
  if (pools.length === 0) return [cacheSetting]
  return [
    cacheSetting,
    {
      name: 'sqlite.mmap',
      group: 'servers',
      title: 'Index mapped into memory',
      to: '0',
      reason:
        'A mapped file ends the program when its disk is pulled or full, without any error to be caught.',
      evidence: `The index lies in the pool: ${pools.map(pool => pool.name).join(', ')}.`,
      effect: 'A lost disk stays an error message.',
      advice: { from: '0', consumer },
    },
  ]
}

export function worker({ facts }: World): Proposal[] {
  const { cpu, memory } = facts
  if (memory.totalBytes === 0) return []
  const consumer = 'The worker would have to take it up, and there is none yet.'
  const atOnce = Math.max(1, Math.floor(cpu.cores / 2))
  const evidence = `${counted(cpu.cores, 'core')}, ${sizeInWords(memory.totalBytes)} of memory.`
  const pictures = within(Math.floor(memory.totalBytes / 10 / pictureBytes), 1, Math.max(1, cpu.cores - 1))
  return [
    {
      name: 'worker.concurrency',
      group: 'worker',
      title: 'Work in the background at once',
      to: String(atOnce),
      reason: 'Half of the cores stay free for who is waiting for an answer.',
      evidence,
      effect: 'Files open as fast while thumbnails are made.',
      advice: { from: null, consumer },
    },
    {
      name: 'worker.nice',
      group: 'worker',
      title: 'Priority of background work',
      to: cpu.cores <= 2 ? '15' : '10',
      reason: 'Background work shares its cores with the servers, and can wait.',
      evidence,
      effect: 'Who waits for an answer comes first.',
      advice: { from: '0', consumer },
    },
    {
      name: 'thumbnails.parallel',
      group: 'worker',
      title: 'Thumbnails at once',
      to: String(pictures),
      reason: 'A large photo takes much memory while it is made smaller.',
      evidence: `${evidence} A photo takes about ${sizeInWords(pictureBytes)}.`,
      effect: 'New photos do not slow the box down.',
      memoryBytes: pictures * pictureBytes,
      advice: { from: null, consumer },
    },
    ...thumbnailSize({ facts }),
  ]
}

const smallBytes = 1.5 * 1024 * mebibyte

/** On a small box large previews are made when somebody looks, not beforehand. */
function thumbnailSize({ facts }: Pick<World, 'facts'>): Proposal[] {
  const { cpu, memory } = facts
  if (memory.totalBytes >= smallBytes && cpu.cores > 2) return []
  return [
    {
      name: 'thumbnails.size',
      group: 'worker',
      title: 'Largest thumbnail made beforehand',
      to: '256',
      reason:
        'Larger previews are made only when somebody looks at the photo, since this box has little to spare.',
      evidence: `${counted(cpu.cores, 'core')}, ${sizeInWords(memory.totalBytes)} of memory.`,
      effect: 'A first import of many photos ends in hours, not in days.',
      advice: { from: null, consumer: 'The worker would have to take it up, and there is none yet.' },
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
