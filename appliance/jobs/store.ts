import { sql } from 'kysely'
import type { Database, NamedMigration } from '../lib/database.ts'
import type { JobState } from './schema.ts'

interface JobTable {
  id: string
  kind: string
  title: string
  state: JobState
  fraction: number | null
  message: string
  errorCode: string | null
  errorMessage: string | null
  /** The process that does the work: its pid and start time, so that a dead one is told from a re-used pid. */
  worker: string
  startedAt: number
  endedAt: number | null
}

export type JobRow = JobTable

declare module '../lib/database.ts' {
  interface Tables {
    job: JobTable
  }
}

export const jobMigrations: NamedMigration[] = [
  {
    name: 'jobs/001-job',
    async up(database) {
      await sql`create table job (
        id text primary key, kind text not null, title text not null, state text not null, fraction real,
        message text not null, errorCode text, errorMessage text, worker text not null,
        startedAt integer not null, endedAt integer) strict`.execute(database)
    },
  },
]

const keptJobs = 200

export function createJobStore(database: Database) {
  return {
    async insert(row: JobRow): Promise<void> {
      await database.insertInto('job').values(row).execute()
      await database
        .deleteFrom('job')
        .where('state', '!=', 'running')
        .where('id', 'not in', query =>
          query.selectFrom('job').select('id').orderBy('startedAt', 'desc').limit(keptJobs),
        )
        .execute()
    },
    async update(id: string, change: Partial<JobRow>): Promise<void> {
      await database.updateTable('job').set(change).where('id', '=', id).execute()
    },
    async get(id: string): Promise<JobRow | undefined> {
      return database.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst()
    },
    /** The newest first. */
    async list(): Promise<JobRow[]> {
      return database.selectFrom('job').selectAll().orderBy('startedAt', 'desc').limit(keptJobs).execute()
    },
    async running(): Promise<JobRow[]> {
      return database.selectFrom('job').selectAll().where('state', '=', 'running').execute()
    },
  }
}

export type JobStore = ReturnType<typeof createJobStore>
