import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../lib/failure.ts'
import type { OperationContext } from '../../lib/operation.ts'
import { run } from '../../lib/run.ts'
import { parseReplaceStatus, type ReplaceReport } from '../parse/replace.ts'
import { unprotectedChunks } from '../plan/pool-state.ts'
import { metadataProfile } from '../plan/profile.ts'
import type { CreatableProfile, DiskFacts } from '../schema.ts'
import type { PoolPlace } from './backend.ts'
import { wipe } from './btrfs.ts'
import { readBtrfsFacts } from './facts.ts'
import { scrub } from './scrub.ts'

export interface Replacement extends PoolPlace {
  profile: CreatableProfile
  devid: number
  /** Undefined when the new disk has the place of the old one already. */
  target: DiskFacts | undefined
}

const pollMs = 250
const daysMs = 20 * 24 * 3600_000

/**
 * Rebuilds a disk onto another, gives what was written meanwhile its second copy, and checks all of it. Each step finds
 * out by itself whether it was done already, so that after a restart the whole can simply be started again.
 */
export async function replaceDisk(replacement: Replacement, context: OperationContext): Promise<void> {
  const step = (from: number, to: number): OperationContext => ({
    signal: context.signal,
    report: ({ fraction, message }) =>
      context.report({ fraction: fraction === null ? null : from + fraction * (to - from), message }),
  })
  await rebuild(replacement, step(0, 0.6))
  await protect(replacement, step(0.6, 0.8))
  const { isClean, uncorrectable } = await scrub(replacement, step(0.8, 1))
  if (!isClean) throw notClean(uncorrectable)
}

async function rebuild(replacement: Replacement, context: OperationContext) {
  const { place, target } = replacement
  const before = await replaceStatus(place)
  if (before.state !== 'running' && before.state !== 'suspended') {
    if (!target) return
    await startReplace(replacement, target)
  }
  const after = await followReplace(place, context)
  if (after.state === 'cancelled')
    throw new Failure('cancelled', 'storage/replace-cancelled', 'It was cancelled.')
}

async function startReplace({ place, uuid, name, devid }: Replacement, target: DiskFacts) {
  const { members } = await readBtrfsFacts({ place, uuid, name })
  const old = members.find(member => member.devid === devid)
  if (!old)
    throw new Failure(
      'conflict',
      'storage/disks-changed',
      'The disk to be replaced is no part of the pool any more.',
    )
  await wipe(target)
  // -r: do not read from a disk that is ill; its mirror has the same.
  const isUnwell = old.isMissing || old.isGone || Object.values(old.errors).some(count => count > 0)
  const flags = isUnwell ? ['-r'] : []
  await run(['btrfs', 'replace', 'start', '-f', ...flags, String(devid), target.path, place], {
    timeoutMs: 60_000,
  })
}

async function followReplace(place: string, { report, signal }: OperationContext): Promise<ReplaceReport> {
  for (;;) {
    if (signal.aborted) await run(['btrfs', 'replace', 'cancel', place], { expected: [2] })
    const status = await replaceStatus(place)
    if (status.state !== 'running' && status.state !== 'suspended') return status
    report({
      fraction: status.state === 'running' ? status.fraction : null,
      message: 'Rebuilding onto the new disk',
    })
    await delay(pollMs)
  }
}

async function replaceStatus(place: string): Promise<ReplaceReport> {
  return parseReplaceStatus((await run(['btrfs', 'replace', 'status', '-1', place])).stdout)
}

const mostRounds = 5

/** While a disk was missing, new chunks may have got one copy only; one round of balance does not always find all. */
async function protect(replacement: Replacement, { report, signal }: OperationContext) {
  const { place, profile } = replacement
  for (let round = 0; round < mostRounds; round++) {
    const { members, chunks } = await readBtrfsFacts(replacement)
    if (unprotectedChunks(profile, chunks).length === 0) return
    report({ fraction: null, message: 'Giving everything its second copy again' })
    const metadata = metadataProfile(profile, members.length)
    await run(
      [
        'btrfs',
        'balance',
        'start',
        '--force',
        `-dconvert=${profile},soft`,
        `-mconvert=${metadata},soft`,
        `-sconvert=${metadata},soft`,
        place,
      ],
      { timeoutMs: daysMs, signal },
    )
  }
  throw new Failure('internal', 'storage/unprotected', 'Some of the pool could not be given its second copy.')
}

function notClean(uncorrectable: number): Failure {
  const message = `The new disk is in, but the check found ${uncorrectable} blocks that could not be mended.`
  return new Failure('internal', 'storage/scrub-not-clean', message, { details: { uncorrectable } })
}
