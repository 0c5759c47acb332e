import type { ProfileRules } from './profile.ts'

/*
 * The chunk allocator of Btrfs step by step (fs/btrfs/volumes.c, btrfs_create_chunk and decide_stripe_size_regular):
 * each chunk goes to the disks with the most unallocated space.
 */

const mebibyte = 1024 ** 2
const largestStripe = 1024 * mebibyte
const largestChunk = 10 * largestStripe
/** BTRFS_STRIPE_LEN: stripes are multiples of it. */
const stripeUnit = 64 * 1024

export interface Spread {
  /** Indexes of the disks that take a stripe, those with most room first. */
  disks: number[]
  /** How many of the stripes carry data of their own. */
  dataStripes: number
}

/** Where the next chunk goes; undefined when too few disks have room. */
export function spreadOf(free: readonly number[], rules: ProfileRules): Spread | undefined {
  const room = (index: number) => free[index] ?? 0
  const order = free
    .map((_, index) => index)
    .filter(index => room(index) >= stripeUnit)
    .sort((a, b) => Math.min(room(b), largestStripe) - Math.min(room(a), largestStripe) || room(b) - room(a))
  if (order.length < rules.allocatesFrom) return undefined
  const count = rules.spread === 'all' ? order.length - (order.length % rules.allocatesBy) : rules.copies
  return { disks: order.slice(0, count), dataStripes: Math.round(count / rules.copies) - rules.parity }
}

/** Takes `stripeBytes` off each of the disks, as far as the smallest has it; what that gives for data. */
export function takeChunk(free: number[], spread: Spread, stripeBytes: number): number {
  const smallest = Math.min(...spread.disks.map(index => free[index] ?? 0))
  const stripe = roundDown(Math.min(stripeBytes, smallest))
  for (const index of spread.disks) free[index] = (free[index] ?? 0) - stripe
  return stripe * spread.dataStripes
}

/** Fills the disks chunk by chunk. Exact, and slow for very large disks. */
export function fillByChunks(start: readonly number[], rules: ProfileRules, totalBytes: number): number {
  const free = [...start]
  let usable = 0
  for (let spread = spreadOf(free, rules); spread; spread = spreadOf(free, rules)) {
    usable += takeChunk(free, spread, stripeOf(spread, totalBytes))
  }
  return usable
}

/** No chunk is larger than a tenth of the pool. */
function stripeOf({ dataStripes }: Spread, totalBytes: number): number {
  const chunk = Math.min(largestChunk, totalBytes / 10)
  const share = Math.ceil(chunk / dataStripes / (16 * mebibyte)) * 16 * mebibyte
  return Math.min(largestStripe, share)
}

function roundDown(bytes: number): number {
  return Math.floor(bytes / stripeUnit) * stripeUnit
}
