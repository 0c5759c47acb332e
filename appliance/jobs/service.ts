import { readFileSync } from 'node:fs'
import type { Clock } from '../lib/clock.ts'
import type { Events } from '../lib/events.ts'
import { errnoOf, Failure, failureRecord } from '../lib/failure.ts'
import type { Log } from '../lib/log.ts'
import type { Progress } from '../lib/operation.ts'
import { randomToken } from '../lib/secret.ts'
import type { Job } from './schema.ts'
import type { JobRow, JobStore } from './store.ts'

declare module '../lib/events.ts' {
  interface EventMap {
    'jobs/changed': { id: string }
    /** Asks the process that does the work to stop it. */
    'jobs/cancel': { id: string }
  }
}

export interface JobSpec {
  kind: string
  title: string
  run(context: { report(progress: Progress): void; signal: AbortSignal }): Promise<void>
}

export interface Jobs {
  /** Starts long work and returns at once; it goes on when the page is closed. */
  start(spec: JobSpec): Promise<{ id: string }>
  /** Ends when the job has ended, however it ended. */
  finished(id: string): Promise<void>
  get(id: string): Promise<Job>
  list(): Promise<Job[]>
  /** Ends when none of this process's own is running any more. */
  allFinished(): Promise<void>
  cancel(id: string): Promise<void>
}

interface JobService extends Jobs {
  endForgotten(): Promise<void>
  stop(): Promise<void>
}

const reportEveryMs = 500

export interface JobsDeps {
  store: JobStore
  events: Events
  clock: Clock
  log: Log
}

interface Running {
  controller: AbortController
  done: Promise<void>
}

export function createJobService({ store, events, clock, log }: JobsDeps): JobService {
  const running = new Map<string, Running>()
  const worker = workerName(process.pid)

  const change = async (id: string, update: Partial<JobRow>) => {
    await store.update(id, update)
    events.publish('jobs/changed', { id })
  }

  async function work(id: string, spec: JobSpec, controller: AbortController) {
    const ending = await endingOf(id, spec, controller.signal)
    await change(id, { ...ending, endedAt: clock.now() }).catch(error => notWritten(id, error))
    running.delete(id)
  }

  async function endingOf(id: string, spec: JobSpec, signal: AbortSignal): Promise<Partial<JobRow>> {
    const write = (progress: Progress) => change(id, progress).catch(error => notWritten(id, error))
    try {
      await spec.run({ report: createReporter(write, clock), signal })
      return { state: 'done', fraction: 1 }
    } catch (error) {
      if (!(error instanceof Failure) || error.kind === 'internal')
        log.error('job failed', { job: id, kind: spec.kind, error })
      return endingAfter(error, signal)
    }
  }

  /** The settings' disk may be full: the work itself goes on. */
  function notWritten(id: string, error: unknown) {
    log.error('how a job stands could not be written', { job: id, error })
  }

  events.on('jobs/cancel', ({ id }) => running.get(id)?.controller.abort())

  return {
    async start(spec) {
      const id = randomToken(64)
      const controller = new AbortController()
      const { kind, title } = spec
      const fresh = {
        state: 'running',
        fraction: null,
        message: '',
        errorCode: null,
        errorMessage: null,
        endedAt: null,
      } as const
      await store.insert({ id, kind, title, ...fresh, worker, startedAt: clock.now() })
      events.publish('jobs/changed', { id })
      running.set(id, { controller, done: work(id, spec, controller) })
      return { id }
    },
    async finished(id) {
      await running.get(id)?.done
    },
    async allFinished() {
      while (running.size > 0) await Promise.all([...running.values()].map(job => job.done))
    },
    async get(id) {
      const row = await store.get(id)
      if (!row) throw new Failure('missing', 'jobs/missing', 'There is no such job.')
      return asJob(row)
    },
    async list() {
      return (await store.list()).map(asJob)
    },
    async cancel(id) {
      const row = await store.get(id)
      if (!row) throw new Failure('missing', 'jobs/missing', 'There is no such job.')
      if (row.state === 'running') events.publish('jobs/cancel', { id })
    },
    // Work whose process is gone will not end by itself.
    async endForgotten() {
      for (const row of await store.running()) {
        if (row.worker === workerName(Number(row.worker.split('@')[0]))) continue
        const error = {
          errorCode: 'jobs/interrupted',
          errorMessage: 'Cairn was restarted while this was running.',
        }
        await change(row.id, { state: 'failed', ...error, endedAt: clock.now() })
      }
    },
    async stop() {
      for (const job of running.values()) job.controller.abort()
      await Promise.all([...running.values()].map(job => job.done))
    },
  }
}

/** Writes progress at most twice a second, and never after the end. */
function createReporter(write: (progress: Progress) => Promise<void>, clock: Clock) {
  let lastAt = Number.NEGATIVE_INFINITY
  return (progress: Progress) => {
    if (Math.abs(clock.now() - lastAt) < reportEveryMs) return
    lastAt = clock.now()
    void write(progress)
  }
}

function endingAfter(error: unknown, signal: AbortSignal): Partial<JobRow> {
  if (signal.aborted) return { state: 'cancelled' }
  const { code, message } = failureRecord(error)
  return { state: 'failed', errorCode: code, errorMessage: message }
}

/** `pid@start time`, from proc(5): field 22 of stat, counted behind the command's closing bracket. */
function workerName(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return `${pid}@${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return `${pid}@gone`
    throw error
  }
}

function asJob(row: JobRow): Job {
  const { id, kind, title, state, fraction, message } = row
  const error = row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' }
  const startedAt = new Date(row.startedAt).toISOString()
  return {
    id,
    kind,
    title,
    state,
    fraction,
    message,
    error,
    startedAt,
    endedAt: row.endedAt === null ? null : new Date(row.endedAt).toISOString(),
  }
}

/** A job of such a kind that runs now, in any server process. */
export async function runningJob(jobs: Pick<Jobs, 'list'>, kinds: RegExp): Promise<Job | undefined> {
  return (await jobs.list()).find(({ kind, state }) => state === 'running' && kinds.test(kind))
}
