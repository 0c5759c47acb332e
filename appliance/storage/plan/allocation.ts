import type { CreatableProfile } from '../schema.ts'
import { fillByChunks, type Spread, spreadOf, takeChunk } from './chunks.ts'
import { metadataProfile, type ProfileRules, profileRules } from './profile.ts'

/*
 * How much fits, as the chunk allocator of Btrfs fills disks: chunk by chunk, or for large pools the limit for small
 * chunks by arithmetic.
 * The kernel's own statfs(2) is lower for mixed sizes: it counts from the smallest disks.
 */

const gibibyte = 1024 ** 3
/** Up to here chunks are counted one by one; beyond, a chunk more or less is nothing. */
const smallPool = 1024 * gibibyte

/** Bytes of data that fit into this much unallocated space per disk, in a pool of `totalBytes`. */
export function usableBytes(
  unallocated: readonly number[],
  profile: CreatableProfile,
  totalBytes: number,
): number {
  const rules = profileRules[profile]
  return totalBytes <= smallPool ? fillByChunks(unallocated, rules, totalBytes) : limitOf(unallocated, rules)
}

/** What fits when chunks are very small against the disks. */
export function limitOf(unallocated: readonly number[], rules: ProfileRules): number {
  const free = unallocated.filter(bytes => bytes > 0).sort((a, b) => b - a)
  if (free.length < rules.allocatesFrom) return 0
  return Math.floor(rules.spread === 'all' ? striped(free, rules) : mirrored(free, rules.copies))
}

/** No disk may hold two copies: without the i largest, the others must still carry the remaining copies. */
function mirrored(descending: readonly number[], copies: number): number {
  let rest = sum(descending)
  let most = rest / copies
  for (let left = 1; left < copies; left++) {
    rest -= descending[left - 1] ?? 0
    most = Math.min(most, rest / (copies - left))
  }
  return most
}

/**
 * Stripes go over all disks that have room, in steps of `allocatesBy`. With one too many the fullest disk is left out;
 * disks that are equally full take turns, each at a part of the others' pace.
 */
function striped(start: readonly number[], rules: ProfileRules): number {
  let free = [...start]
  let total = 0
  while (free.length >= rules.allocatesFrom) {
    const used = free.length - (free.length % rules.allocatesBy)
    const smallest = free.at(-1) ?? 0
    const turns = free.length === used ? [] : free.filter(bytes => isEqual(bytes, smallest))
    const height = heightOfPhase(free, smallest, turns.length)
    total += (used / rules.copies - rules.parity) * height
    const pace = turns.length === 0 ? 1 : (turns.length - 1) / turns.length
    free = free.map(bytes => bytes - height * (turns.length > 0 && isEqual(bytes, smallest) ? pace : 1))
    free = free.filter(bytes => bytes > 1).sort((a, b) => b - a)
  }
  return total
}

/** How far the stripes go before a disk is full, or becomes as full as those that take turns. */
function heightOfPhase(descending: readonly number[], smallest: number, turns: number): number {
  if (turns === 0) return smallest
  const next = descending.findLast(bytes => !isEqual(bytes, smallest))
  const untilLevel = next === undefined ? Number.POSITIVE_INFINITY : turns * (next - smallest)
  const untilFull = turns === 1 ? Number.POSITIVE_INFINITY : (smallest * turns) / (turns - 1)
  return Math.min(untilLevel, untilFull)
}

function isEqual(a: number, b: number): boolean {
  return Math.abs(a - b) < 1
}

const mebibyte = 1024 ** 2
/** Btrfs leaves the beginning of each disk alone. */
export const reservedBytes = mebibyte

/** What a new pool over disks of these sizes has for data, behind what mkfs.btrfs(8) takes for metadata. */
export function usableWhenNew(sizes: readonly number[], profile: CreatableProfile): number {
  const free = sizes.map(size => Math.max(0, size - reservedBytes))
  const total = sum(sizes)
  takeMetadata(free, profile, total)
  const rules = profileRules[profile]
  const spread = spreadOf(free, rules)
  const first = spread ? takeChunk(free, spread, firstStripe(spread, rules, total)) : 0
  return first + usableBytes(free, profile, total)
}

/** One chunk each for the system's and the other metadata, as measured with mkfs.btrfs 6.2. */
function takeMetadata(free: number[], profile: CreatableProfile, total: number) {
  const name = metadataProfile(profile, free.length)
  const rules = name === 'dup' ? profileRules.single : profileRules[name]
  const copies = name === 'dup' ? 2 : rules.copies
  const metadata =
    total < 3 * gibibyte
      ? Math.max(32 * mebibyte, total / 10 / copies)
      : total < 50 * gibibyte
        ? 256 * mebibyte
        : gibibyte
  for (const bytes of [8 * mebibyte, metadata]) {
    const spread = spreadOf(free, rules)
    if (!spread) return
    if (name === 'dup') takeChunk(free, spread, 2 * bytes)
    else
      takeChunk(
        free,
        spread,
        rules.spread === 'all' ? Math.max(8 * mebibyte, bytes / spread.disks.length) : bytes,
      )
  }
}

function firstStripe({ disks }: Spread, rules: ProfileRules, total: number): number {
  if (rules.spread === 'one') return 8 * mebibyte
  return Math.min(gibibyte, Math.max(64 * mebibyte, total / 10 / disks.length))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
