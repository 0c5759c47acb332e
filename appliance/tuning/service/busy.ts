import { type Job, type Jobs, runningJob } from '../../jobs/index.ts'
import { Failure } from '../../lib/failure.ts'

/** What of the tuning is being done, in any server process. */
export function tuningUnderWay(jobs: Pick<Jobs, 'list'>): Promise<Job | undefined> {
  return runningJob(jobs, /^tuning\//)
}

/** Measuring while something is changed would measure neither. */
export async function refuseTwo(jobs: Pick<Jobs, 'list'>): Promise<void> {
  const other = await tuningUnderWay(jobs)
  if (!other) return
  const message = `Wait for this to end, or cancel it: ${other.title}.`
  throw new Failure('conflict', 'tuning/busy', message, { details: { job: other.id } })
}
