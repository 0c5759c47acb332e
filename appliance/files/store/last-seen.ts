import { sql } from 'kysely'
import { type Database, type NamedMigration, writeTransaction } from '../../lib/database.ts'

interface LastSeenTable {
  /** `POOL/share/NAME`. */
  volume: string
  id: number
  etag: string
}

export type LastSeenRow = LastSeenTable

declare module '../../lib/database.ts' {
  interface Tables {
    fileLastSeen: LastSeenTable
  }
}

export const lastSeenMigrations: NamedMigration[] = [
  {
    name: 'files/001-last-seen',
    async up(database) {
      await sql`create table fileLastSeen (
        volume text primary key, id integer not null, etag text not null) strict`.execute(database)
    },
  },
]

/** What the tops of volumes were like when their pools were last there: on the system's disk, since the pool is away. */
export function createLastSeenStore(database: Database) {
  return {
    all: () => database.selectFrom('fileLastSeen').selectAll().execute(),
    async keep(rows: readonly LastSeenRow[]) {
      if (rows.length === 0) return
      await writeTransaction(database, async transaction => {
        for (const row of rows)
          await transaction
            .insertInto('fileLastSeen')
            .values(row)
            .onConflict(conflict => conflict.column('volume').doUpdateSet(row))
            .execute()
      })
    },
  }
}
