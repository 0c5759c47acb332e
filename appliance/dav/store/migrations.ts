import { sql } from 'kysely'
import type { NamedMigration } from '../../lib/database.ts'

interface PropertyTable {
  fileId: number
  namespace: string
  name: string
  /** The whole element as XML that stands alone. */
  value: string
}

interface LockTable {
  token: string
  fileId: number
  /** Where it was when it was locked, and where our own moves have taken it since. */
  volume: string
  path: string
  isInfinite: number
  isShared: number
  owner: string
  user: string
  timeoutSeconds: number
  endsAt: number
}

export type PropertyRow = PropertyTable
export type LockRow = LockTable

declare module '../../lib/database.ts' {
  interface Tables {
    davProperty: PropertyTable
    davLock: LockTable
  }
}

export const davMigrations: NamedMigration[] = [
  {
    name: 'dav/001-properties-and-locks',
    async up(database) {
      await sql`create table davProperty (
        fileId integer not null, namespace text not null, name text not null, value text not null,
        primary key (fileId, namespace, name)) strict, without rowid`.execute(database)
      await sql`create table davLock (
        token text primary key, fileId integer not null, volume text not null, path text not null,
        isInfinite integer not null, isShared integer not null, owner text not null, user text not null,
        timeoutSeconds integer not null, endsAt integer not null) strict`.execute(database)
      await sql`create index davLockFile on davLock (fileId)`.execute(database)
      await sql`create index davLockPlace on davLock (volume, path)`.execute(database)
    },
  },
]
