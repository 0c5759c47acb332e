import { Failure } from '../../lib/failure.ts'
import type {
  Confirmation,
  CreatableProfile,
  Disk,
  DiskFacts,
  PoolOption,
  PoolPlan,
  PoolRequest,
} from '../schema.ts'
import { usableWhenNew } from './allocation.ts'
import { contentsOf } from './disk.ts'
import { metadataProfile, profileRules } from './profile.ts'

/** A disk as the planner sees it: what is known of it, and what has been judged. */
export interface PlannedDisk {
  facts: DiskFacts
  disk: Disk
}

/** Every profile, with what it would give over these disks. */
export function poolOptions(sizes: readonly number[]): PoolOption[] {
  return Object.entries(profileRules).map(([name, rules]) => {
    const profile = name as CreatableProfile
    const isPossible = sizes.length >= rules.minimumDisks
    return {
      profile,
      usableBytes: isPossible ? usableWhenNew(sizes, profile) : 0,
      lossesSurvived: rules.lossesSurvived,
      minimumDisks: rules.minimumDisks,
      isPossible,
      explanation: rules.explanation,
      isAdvanced: rules.isAdvanced,
    }
  })
}

/** What will be done, in the order in which it is done. Refuses what must not be done. */
export function planPool(
  request: PoolRequest,
  chosen: readonly PlannedDisk[],
): Omit<PoolPlan, 'fingerprint'> {
  refuseWrongProfile(request)
  for (const { disk } of chosen) refuseTaken(disk)
  const rules = profileRules[request.profile]
  const sizes = chosen.map(({ disk }) => disk.sizeBytes)
  const usable = usableWhenNew(sizes, request.profile)
  if (usable <= 0)
    throw new Failure('invalid', 'storage/too-small', 'There would be no room for files on these disks.')
  return {
    name: request.name,
    profile: request.profile,
    usableBytes: usable,
    lossesSurvived: rules.lossesSurvived,
    steps: stepsOf(request, chosen),
    confirmations: chosen.filter(({ facts }) => holdsAnything(facts)).map(({ disk }) => confirmationOf(disk)),
    warnings: warningsOf(request, sizes, usable),
  }
}

function refuseWrongProfile({ profile, disks, isAdvanced }: PoolRequest) {
  const rules = profileRules[profile]
  if (new Set(disks).size !== disks.length)
    throw invalid('storage/disk-twice', 'disks', 'A disk is named twice.')
  if (disks.length < rules.minimumDisks)
    throw invalid('storage/too-few-disks', 'disks', `${profile} needs ${rules.minimumDisks} disks or more.`)
  if (rules.isAdvanced && !isAdvanced)
    throw invalid('storage/unsafe-profile', 'profile', `${profile} is not safe. ${rules.explanation}`)
}

function refuseTaken({ serial, model, isOffered, reason }: Disk) {
  if (isOffered) return
  const message = `${model} (${serial}) cannot be used. ${reason ?? ''}`.trim()
  throw new Failure('conflict', 'storage/disk-in-use', message, { details: { serial } })
}

function invalid(code: string, field: string, message: string): Failure {
  return new Failure('invalid', code, message, { details: { fields: { [field]: message } } })
}

function stepsOf({ name, profile }: PoolRequest, chosen: readonly PlannedDisk[]): PoolPlan['steps'] {
  const erased = chosen.map(({ facts, disk }) => ({
    title: `Erase ${disk.model} (${disk.serial})`,
    detail: holdsAnything(facts) ? `It holds: ${disk.contents}. All of it will be gone.` : 'It is empty.',
    isDestructive: holdsAnything(facts),
  }))
  const disks = chosen.length === 1 ? 'one disk' : `${chosen.length} disks`
  const metadata = metadataProfile(profile, chosen.length)
  return [
    ...erased,
    {
      title: `Make the pool "${name}" over ${disks}`,
      detail: `Btrfs, files as ${profile}, its own records as ${metadata}.`,
      isDestructive: false,
    },
    {
      title: 'Mount it',
      detail: 'Light compression, no access times. It comes back at every start.',
      isDestructive: false,
    },
    { title: 'Lay out the folders', detail: 'For shares, homes and snapshots.', isDestructive: false },
  ]
}

function warningsOf({ profile }: PoolRequest, sizes: readonly number[], usable: number): string[] {
  const rules = profileRules[profile]
  const raw = sizes.reduce((total, size) => total + size, 0)
  const share =
    rules.spread === 'all' ? (sizes.length / rules.copies - rules.parity) / sizes.length : 1 / rules.copies
  const wasted = raw * share - usable
  return [
    ...(rules.isAdvanced || rules.lossesSurvived === 0 ? [rules.explanation] : []),
    ...(sizes.length > 1 && wasted > raw * share * 0.15 && wasted > 1024 ** 3
      ? ['The disks differ so much in size that a part of the largest stays unused.']
      : []),
  ]
}

export function holdsAnything(facts: DiskFacts): boolean {
  return facts.signatures.length > 0 || facts.partitions > 0
}

export function confirmationOf({ serial, model, contents }: Disk): Confirmation {
  return { serial, model, contents, type: textToType(serial) }
}

const comfortableLength = 12

/** The last part of the serial that is long enough to tell disks apart and short enough to type. */
export function textToType(serial: string): string {
  const parts = serial.split(/[-_ ]/)
  for (let count = 1; count <= parts.length; count++) {
    const text = serial.slice(-parts.slice(-count).join('-').length)
    if (text.length >= 4 && text.length <= comfortableLength) return text
  }
  return serial.slice(-8)
}

/** Throws unless each disk that holds something was named by what was typed: the asked-for text or the whole serial. */
export function requireConfirmations(
  asked: readonly Confirmation[],
  typed: Readonly<Record<string, string>>,
): void {
  const missing = asked.filter(({ serial, type }) => !isConfirmed(typed[serial], [serial, type]))
  if (missing.length === 0) return
  const disks = missing.map(({ serial, model, contents }) => `${model} (${serial}), which holds ${contents}`)
  throw new Failure(
    'invalid',
    'storage/not-confirmed',
    `Confirm that this may be erased: ${disks.join('; ')}.`,
    {
      details: {
        fields: Object.fromEntries(missing.map(({ serial, type }) => [`confirm.${serial}`, `Type ${type}`])),
      },
    },
  )
}

function isConfirmed(typed: string | undefined, accepted: string[]): boolean {
  const text = typed?.trim().toLowerCase()
  return text !== undefined && accepted.some(other => other.toLowerCase() === text)
}

/** All that the plan rests on; its hash is the fingerprint by which a plan is refused when something has changed. */
export function identityOf(request: PoolRequest, chosen: readonly PlannedDisk[]): string {
  const disks = chosen.map(({ facts }) => ({
    serial: facts.serial,
    sizeBytes: facts.sizeBytes,
    contents: contentsOf(facts),
    partitions: facts.partitions,
    signatures: facts.signatures.map(({ type, uuid, label }) => [type, uuid, label]),
  }))
  return JSON.stringify([request.name, request.profile, disks.sort((a, b) => (a.serial < b.serial ? -1 : 1))])
}
