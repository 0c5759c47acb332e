import type { HealthCheck, HealthIssue } from '../lib/domain.ts'
import type { Pool, PoolDisk } from './schema.ts'

/** What is wrong with the pools, which disk it is, and what to do. */
export function storageChecks(pools: () => Promise<Pool[]>): HealthCheck[] {
  return [async () => (await pools()).flatMap(issuesOf)]
}

function issuesOf(pool: Pool): HealthIssue[] {
  if (pool.state === 'missing') return [missing(pool)]
  if (pool.state === 'readonly') return [readOnly(pool)]
  if (pool.state === 'degraded') return [degraded(pool)]
  const failing = pool.disks.filter(disk => disk.state === 'failing')
  return failing.map(disk => failingDisk(pool, disk))
}

const storagePage = '/storage'

function degraded(pool: Pool): HealthIssue {
  const unwell = pool.disks.filter(disk => disk.state !== 'ok')
  const { name } = pool
  return {
    code: 'storage/pool-degraded',
    subject: name,
    severity: pool.lossesSurvived > 0 ? 'warning' : 'danger',
    title: `The pool "${name}" is degraded`,
    detail: `${whichDisks(unwell)} ${riskOf(pool)}`.trim(),
    suggestions: whatToDo(pool, unwell),
  }
}

function whichDisks(unwell: readonly PoolDisk[]): string {
  if (unwell.length === 0) return 'All disks are there, but some data was written while one was missing.'
  return unwell
    .map(
      disk =>
        `${inWords(disk)} ${disk.state === 'missing' ? 'does not answer' : `had ${disk.errors} errors`}.`,
    )
    .join(' ')
}

function riskOf({ lossesSurvived }: Pool): string {
  if (lossesSurvived === 0)
    return 'Nothing is lost, but until this is repaired the loss of one more disk loses data.'
  const more = lossesSurvived === 1 ? 'one more disk' : `${lossesSurvived} more disks`
  return `Nothing is lost, and ${more} may be lost without losing data.`
}

function whatToDo(
  { name, isReplacing, isScrubbing }: Pool,
  unwell: readonly PoolDisk[],
): HealthIssue['suggestions'] {
  if (isReplacing) return [{ label: 'Wait: a disk is being replaced', href: storagePage }]
  if (isScrubbing) return [{ label: 'Wait: the pool is being checked', href: storagePage }]
  const first = unwell[0]
  if (!first) return [{ label: 'Check the pool', href: storagePage }]
  const replace = {
    label: `Replace ${inWords(first)}`,
    href: `${storagePage}/${name}/replace/${encodeURIComponent(first.serial)}`,
  }
  return first.state === 'missing'
    ? [{ label: 'Check its cable and power: it is taken back by itself' }, replace]
    : [replace]
}

function missing({ name, disks }: Pool): HealthIssue {
  return {
    code: 'storage/pool-missing',
    subject: name,
    severity: 'danger',
    title: `The pool "${name}" is not there`,
    detail: `Too few of its disks answer: ${disks.map(inWords).join(', ')}. Its shares answer again when they are back.`,
    suggestions: [{ label: 'Check the cables and the power of these disks' }],
  }
}

function readOnly({ name, disks }: Pool): HealthIssue {
  const unwell = disks.filter(disk => disk.state !== 'ok')
  return {
    code: 'storage/pool-readonly',
    subject: name,
    severity: 'danger',
    title: `The pool "${name}" can only be read`,
    detail: `${unwell.length > 0 ? whichDisks(unwell) : 'Writing failed.'} Files can be read and copied away, not changed.`,
    suggestions: [{ label: 'Look at its disks', href: storagePage }],
  }
}

function failingDisk({ name }: Pool, disk: PoolDisk): HealthIssue {
  return {
    code: 'storage/disk-failing',
    subject: disk.serial,
    severity: 'warning',
    title: `A disk of the pool "${name}" made errors`,
    detail: `${inWords(disk)} had ${disk.errors} errors. What it got wrong was taken from its mirror where there is one.`,
    suggestions: [
      { label: 'Check the pool', href: storagePage },
      { label: 'Replace the disk if it happens again', href: storagePage },
    ],
  }
}

function inWords({ model, serial }: PoolDisk): string {
  return `${model} (${serial})`
}
