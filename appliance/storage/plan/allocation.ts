import type { CreatableProfile } from '../schema.ts'
import { type ProfileRules, profileRules } from './profile.ts'

/*
 * How much fits, as the chunk allocator of Btrfs fills disks (fs/btrfs/volumes.c, btrfs_create_chunk): each chunk
 * goes to the disks with the most unallocated space. The limit for small chunks, by arithmetic instead of by filling.
 * The kernel's own statfs(2) is lower for mixed sizes: it counts from the smallest disks.
 */

/** Bytes of data that fit into this much unallocated space per disk. */
export function usableBytes(freeBytes: readonly number[], profile: CreatableProfile): number {
  const rules = profileRules[profile]
  const free = freeBytes.filter(bytes => bytes > 0).sort((a, b) => b - a)
  if (free.length < rules.allocatesFrom) return 0
  if (rules.spread === 'all') return Math.floor(striped(free, rules))
  return Math.floor(mirrored(free, rules.copies))
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3
/** Btrfs leaves the beginning of each disk alone. */
export const reservedBytes = mebibyte

/** What a new pool over disks of these sizes has for data, behind what mkfs.btrfs(8) takes for metadata. */
export function usableWhenNew(sizes: readonly number[], profile: CreatableProfile): number {
  const free = sizes.map(size => Math.max(0, size - reservedBytes))
  const total = sum(sizes)
  const metadata = Math.min(total < 50 * gibibyte ? 256 * mebibyte : gibibyte, total / 10)
  const left = take(take(free, profile, 8 * mebibyte), profile, metadata)
  return usableBytes(left, profile)
}

/** The metadata chunk goes to the largest disks: twice onto a single one, else as many as keep a copy. */
function take(free: readonly number[], profile: CreatableProfile, bytes: number): number[] {
  if (free.length === 1) return free.map(size => size - 2 * bytes)
  const holders = metadataHolders(profile, free.length)
  const order = free.map((_, index) => index).sort((a, b) => (free[b] ?? 0) - (free[a] ?? 0))
  const chosen = new Set(order.slice(0, holders))
  return free.map((size, index) => (chosen.has(index) ? size - bytes : size))
}

function metadataHolders(profile: CreatableProfile, disks: number): number {
  const rules = profileRules[profile]
  if (rules.metadata === 'raid10') return disks - (disks % 2)
  return Math.min(disks, Number(/c(\d)$/.exec(rules.metadata)?.[1] ?? 2))
}
