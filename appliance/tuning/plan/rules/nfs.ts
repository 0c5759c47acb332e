import type { TunedDisk } from '../../schema/index.ts'
import { disksBelow, takenInWords } from './below.ts'
import { counted, mebibyte, type Proposal, sizeInWords, type World, within } from './proposal.ts'

const name = 'nfs.threads'
const about = { name, group: 'faces', title: 'NFS requests at once' } as const

/** Each of the two servers means something else by it; without one there is nothing to set. */
export function nfsThreads({ facts }: World): Proposal[] {
  const server = facts.settable[name]?.by
  if (server === 'kernel') return threadsOfKernel(facts)
  return server === 'ganesha' ? threadsOfGanesha(facts) : []
}

const leastNfsdThreads = 8
const mostNfsdThreads = 64
/** A thread holds one request of the largest size, a 4096th of the memory: nfsd_get_default_max_blksize() in Linux. */
const largestRequest = mebibyte
const largestOfMemory = 4096

/** nfsd(8): a thread of the kernel waits for the disk with the request that it has. */
function threadsOfKernel(facts: World['facts']): Proposal[] {
  const { cpu, memory } = facts
  const below = disksBelow(facts)
  const taken = below.reduce((sum, disk) => sum + requestsOf(disk), 0)
  const threads = within(Math.max(taken, 2 * cpu.threads), leastNfsdThreads, mostNfsdThreads)
  const threadBytes = Math.min(largestRequest, Math.floor(memory.totalBytes / largestOfMemory))
  return [
    {
      ...about,
      to: String(threads),
      reason:
        'A thread of the kernel works on one request and waits for the disk with it. With fewer threads than the disks take requests, clients would wait while disks have nothing to do.',
      evidence: `${[...below.map(takenInWords), `${counted(cpu.threads, 'thread')} of the processor`].join(', ')}; ${leastNfsdThreads} threads are the fewest, ${mostNfsdThreads} the most.`,
      effect: 'Many NFS clients at once keep the disks busy. It counts at once, and no client notices.',
      memoryBytes: threads * threadBytes,
    },
  ]
}

/** With several queues there is no figure for all of them together, and it is more than there would be threads. */
function requestsOf({ queues, queueDepth }: TunedDisk): number {
  return queues > 1 ? mostNfsdThreads : (queueDepth ?? 1)
}

/** NFS-Ganesha makes as many as there is work for, up to this: ganesha-core-config(8), RPC_Ioq_ThrdMax. */
const usualThreads = 200
const leastThreads = 16
/** A thread holds one request and one answer of the largest size that is negotiated, 1 MB. */
const threadBytes = 2 * mebibyte

/** Fewer only, where as many requests as Ganesha takes at a time would not fit into a sixteenth of the memory. */
function threadsOfGanesha({ memory: { totalBytes } }: World['facts']): Proposal[] {
  const threads = within(Math.floor(totalBytes / 16 / threadBytes), leastThreads, usualThreads)
  if (totalBytes === 0 || threads === usualThreads) return []
  return [
    {
      ...about,
      to: String(threads),
      reason:
        'Each request that is worked on takes memory, and there is not enough for as many as NFS would take.',
      evidence: `${sizeInWords(totalBytes)} of memory; ${usualThreads} requests may take ${sizeInWords(usualThreads * threadBytes)}.`,
      effect:
        'Many NFS clients at once cannot take the memory of everything else. The NFS server starts anew with it, and clients wait up to twenty seconds.',
      memoryBytes: threads * threadBytes,
    },
  ]
}
