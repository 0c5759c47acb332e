import type {
  ChunkUse,
  ErrorCounts,
  MemberFacts,
  Pool,
  PoolDisk,
  PoolFacts,
  PoolProfile,
  PoolState,
} from '../schema.ts'
import { reservedBytes, usableBytes } from './allocation.ts'
import { profileRules } from './profile.ts'

/** What has been decided about a pool; its state is read from the machine. */
export interface PoolRecord {
  name: string
  uuid: string
  profile: PoolProfile
  disks: { devid: number; serial: string; model: string; sizeBytes: number }[]
}

export interface Doing {
  isScrubbing: boolean
  isReplacing: boolean
}

/** One pool as REST shows it, from what was decided and what the kernel says. */
export function describePool(record: PoolRecord, facts: PoolFacts, doing: Doing): Pool {
  const disks = record.disks.map(disk => {
    const member = facts.members.find(({ devid }) => devid === disk.devid)
    const { serial, model, sizeBytes } = disk
    return { serial, model, sizeBytes, ...stateOfDisk(facts, member) }
  })
  const hasUnprotectedData = unprotectedChunks(record.profile, facts.chunks).length > 0
  const state = stateOf(facts, hasUnprotectedData)
  return {
    name: record.name,
    state,
    profile: record.profile,
    ...spaceOf(record.profile, facts),
    lossesSurvived: lossesLeft(record.profile, disks, hasUnprotectedData),
    disks,
    isScrubbing: doing.isScrubbing,
    isReplacing: doing.isReplacing || facts.activity === 'replace',
    hasUnprotectedData,
  }
}

function stateOf(facts: PoolFacts, hasUnprotectedData: boolean): PoolState {
  if (!facts.isMounted) return 'missing'
  if (facts.isReadOnly) return 'readonly'
  return hasUnprotectedData || facts.members.some(isStale) ? 'degraded' : 'healthy'
}

/** It lacks what was written, or may lack it: only a clean scrub takes that back. */
export function isStale({ isMissing, isGone, errors }: MemberFacts): boolean {
  return isMissing || isGone || errors.write + errors.flush + errors.generation > 0
}

export function totalErrors({ write, read, flush, corruption, generation }: ErrorCounts): number {
  return write + read + flush + corruption + generation
}

function stateOfDisk(facts: PoolFacts, member: MemberFacts | undefined): Pick<PoolDisk, 'state' | 'errors'> {
  if (!member || member.isMissing || member.isGone) {
    return { state: 'missing', errors: member ? totalErrors(member.errors) : 0 }
  }
  const errors = totalErrors(member.errors)
  return { state: facts.isMounted && errors > 0 ? 'failing' : 'ok', errors }
}

function lossesLeft(profile: PoolProfile, disks: readonly PoolDisk[], hasUnprotectedData: boolean): number {
  if (profile === 'folder' || hasUnprotectedData) return 0
  const unwell = disks.filter(disk => disk.state !== 'ok').length
  return Math.max(0, profileRules[profile].lossesSurvived - unwell)
}

/** Chunks that were made while too few disks were there: they live on one disk, in a pool that promises more. */
export function unprotectedChunks(profile: PoolProfile, chunks: readonly ChunkUse[]): ChunkUse[] {
  if (profile === 'folder' || profileRules[profile].lossesSurvived === 0) return []
  return chunks.filter(chunk => chunk.profile === 'single' || chunk.profile === 'dup')
}

/** How often each byte of a chunk lies on disks, parity left aside. */
export function copiesOf(profile: string): number {
  if (profile === 'dup' || profile === 'raid1' || profile === 'raid10') return 2
  return Number(/^raid1c(\d)$/.exec(profile)?.[1] ?? 1)
}

type Space = Pick<Pool, 'usableBytes' | 'usedBytes' | 'freeBytes'>

/** Not from statfs(2), which for disks of different sizes says less than really fits. */
function spaceOf(profile: PoolProfile, facts: PoolFacts): Space {
  if (facts.space) {
    const { totalBytes, freeBytes } = facts.space
    return { usableBytes: totalBytes, usedBytes: totalBytes - freeBytes, freeBytes }
  }
  if (profile === 'folder') return { usableBytes: 0, usedBytes: 0, freeBytes: 0 }
  const data = facts.chunks.filter(chunk => chunk.use === 'data')
  const usedBytes = sum(data.map(chunk => chunk.usedBytes))
  const free = facts.members
    .filter(member => !member.isMissing && !member.isGone)
    .map(member => member.sizeBytes - member.allocatedBytes - reservedBytes)
  const total =
    sum(data.map(chunk => chunk.totalBytes)) +
    usableBytes(free, profile, sum(facts.members.map(member => member.sizeBytes)))
  return { usableBytes: total, usedBytes, freeBytes: Math.max(0, total - usedBytes) }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
