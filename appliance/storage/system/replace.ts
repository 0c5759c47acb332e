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
import { ignoreAbort, scrub } from './scrub.ts'

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
    ...context,
    report: ({ fraction, message }) =>
      context.report({ fraction: fraction === null ? null : from + fraction * (to - from), message }),
  })
  await rebuild(replacement, step(0, 0.6))
  await protect(replacement, step(0.6, 0.8))
  const { isClean, uncorrectable } = await scrub(replacement, step(0.8, 1))
  if (!isClean) throw notClean(uncorrectable)
}

async function rebuild(replacement: Replacement, context: OperationContext) {
  const { place, devid, target } = replacement
  const before = await replaceStatus(place)
  const isUnderWay = before.state === 'running' || before.state === 'suspended'
  if (!isUnderWay && !target) return
  const cancel = () => void run(['btrfs', 'replace', 'cancel', place], { expected: [1, 2] })
  context.signal.addEventListener('abort', cancel, { once: true })
  try {
    if (isUnderWay || !target) await followToTheEnd(place, context)
    else await startAndFollow(replacement, target, context)
  } finally {
    context.signal.removeEventListener('abort', cancel)
  }
  const { members } = await readBtrfsFacts(replacement)
  if (target && members.some(member => member.devid === devid && member.path === target.path)) return
  if (isUnderWay && (await replaceStatus(place)).state === 'finished') return
  throw new Failure('cancelled', 'storage/replace-cancelled', 'Rebuilding onto the new disk was cancelled.')
}

/**
 * With -B, since without it the program returns before the kernel has begun, and the status is still that of the
 * replacement before.
 */
async function startAndFollow(replacement: Replacement, target: DiskFacts, context: OperationContext) {
  const { place, devid } = replacement
  const old = (await readBtrfsFacts(replacement)).members.find(member => member.devid === devid)
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
  const ended = new AbortController()
  const work = run(['btrfs', 'replace', 'start', '-B', '-f', ...flags, String(devid), target.path, place], {
    expected: [1],
    timeoutMs: daysMs,
  }).finally(() => ended.abort())
  await Promise.all([work, reportUntil(ended.signal, place, context)])
  const { code, stderr } = await work
  if (code !== 0 && !context.signal.aborted)
    throw new Failure(
      'internal',
      'storage/replace-failed',
      `The disk could not be replaced: ${stderr.trim()}`,
    )
}

async function reportUntil(ended: AbortSignal, place: string, { report }: OperationContext) {
  while (!ended.aborted) {
    await delay(pollMs, undefined, { signal: ended }).catch(ignoreAbort)
    const status = ended.aborted ? undefined : await replaceStatus(place)
    if (status?.state === 'running') report({ fraction: status.fraction, message: rebuilding })
  }
}

/** One that the kernel took up again by itself when the pool was mounted. */
async function followToTheEnd(place: string, { report }: OperationContext) {
  for (;;) {
    const status = await replaceStatus(place)
    if (status.state !== 'running' && status.state !== 'suspended') return
    report({ fraction: status.state === 'running' ? status.fraction : null, message: rebuilding })
    await delay(pollMs)
  }
}

const rebuilding = 'Rebuilding onto the new disk'

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
