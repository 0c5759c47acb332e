import { Failure } from '../../lib/failure.ts'
import type { Bundle } from '../schema.ts'

/** Below 0: the first is older. Numbers first; one with a pre-release is older than without (semver.org, 11). */
export function compareVersions(one: string, other: string): number {
  const [first, second] = [partsOf(one), partsOf(other)]
  for (const index of first.numbers.keys()) {
    const difference = (first.numbers[index] ?? 0) - (second.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (first.pre === second.pre) return 0
  if (first.pre === '') return 1
  if (second.pre === '') return -1
  return comparePreReleases(first.pre.split('.'), second.pre.split('.'))
}

function comparePreReleases(one: readonly string[], other: readonly string[]): number {
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const [a, b] = [one[index], other[index]]
    if (a === undefined) return -1
    if (b === undefined) return 1
    if (a === b) continue
    const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
    if (isNumber && isOtherNumber) return Number(a) - Number(b)
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
    return a < b ? -1 : 1
  }
  return 0
}

function partsOf(version: string) {
  const [core = '', pre = ''] = (version.split('+')[0] ?? '').split(/-(.*)/s)
  return { numbers: core.split('.').map(Number), pre }
}

export interface Wanted {
  bundle: Bundle
  /** What runs. */
  version: string
  compatible: string
  allowOlder: boolean
}

/** Throws where a bundle is not for this box, or would take it back unasked. */
export function requireFit({ bundle, version, compatible, allowOlder }: Wanted): void {
  if (bundle.compatible !== compatible)
    throw new Failure(
      'invalid',
      'updates/other-machine',
      `This update is for ${bundle.compatible}; this box needs ${compatible}.`,
    )
  if (compareVersions(bundle.version, version) < 0 && !allowOlder)
    throw new Failure(
      'conflict',
      'updates/older',
      `This box runs ${version}, and the update is ${bundle.version}. Going back has to be asked for.`,
      { details: { version: bundle.version } },
    )
}

/** At this hour of the night nobody is likely to be at it. */
const nightHour = 3

/** The next three o'clock in the morning, by the box's own clock. */
export function nextNight(now: Date): Date {
  const night = new Date(now)
  night.setHours(nightHour, 0, 0, 0)
  if (night <= now) night.setDate(night.getDate() + 1)
  return night
}

/** What goes on while a new version is on trial: files, and what belongs to being signed in. */
const goingOn = new Set([
  'files',
  'trash',
  'versions',
  'history',
  'uploads',
  'session',
  'jobs',
  'updates',
  'setup',
])

/** Settings made meanwhile would be missing in the version that the box goes back to. */
export function isHeldBack({ method, tag }: { method: string; tag: string }): boolean {
  return method !== 'get' && !goingOn.has(tag)
}

/** Where no image was flashed. */
export function notHere(): Failure {
  return new Failure(
    'unavailable',
    'updates/not-here',
    'This Cairn was not flashed as an image, so it is updated in the way it was installed.',
  )
}
