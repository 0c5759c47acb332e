import type { HealthReport } from '../../health/index.ts'
import type { Job } from '../../jobs/index.ts'

const beginsAtHour = 1
const endsAtHour = 3
/** The last boxes begin so long before the end. */
const leastMs = 1_800_000

/** Whether it is the time of the night at which this box installs by itself, by its own clock; `chance`, 0 to 1, spreads them. */
export function isInstallingTime(now: Date, chance: number): boolean {
  const begins = new Date(now).setHours(beginsAtHour, 0, 0, 0)
  const ends = new Date(now).setHours(endsAtHour, 0, 0, 0)
  return now.getTime() >= begins + chance * (ends - begins - leastMs) && now.getTime() < ends
}

/** The hour in which it starts again afterwards. */
export function isRestartingTime(now: Date): boolean {
  return now.getHours() === endsAtHour
}

/** Why a box is not to be changed and started again while nobody looks; null: nothing speaks against it. */
export function whyNotTonight({ issues }: HealthReport, jobs: readonly Job[]): string | null {
  const issue = issues.find(({ code, severity }) => severity === 'danger' || code.startsWith('storage/pool-'))
  if (issue) return `${issue.title}.`
  const job = jobs.find(({ state }) => state === 'running')
  return job ? `This was under way: ${job.title}.` : null
}
