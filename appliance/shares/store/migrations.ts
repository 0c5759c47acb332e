import { type Generated, type Selectable, sql } from 'kysely'
import type { NamedMigration } from '../../lib/database.ts'
import type { Right } from '../schema.ts'

/** `making`: its subvolume may not be there yet; `going`: nobody sees it any more, its subvolume may still be there. */
export type ShareState = 'making' | 'ready' | 'going'

interface ShareTable {
  name: string
  pool: string
  everyone: Right
  state: ShareState
  createdAt: number
}

interface HomeTable {
  /** No reference: the home outlives its account. */
  userName: string
  pool: string
  state: 'making' | 'ready' | 'orphan'
}

interface NfsExportTable {
  /** Never used twice: file handles that clients hold begin with it. */
  number: Generated<number>
  kind: 'shares' | 'homes'
  name: string
  isEnabled: 0 | 1
  access: 'read' | 'write'
  /** JSON: a list of texts. */
  clients: string
  hasSnapshots: 0 | 1
}

declare module '../../lib/database.ts' {
  interface Tables {
    share: ShareTable
    shareUserGrant: { shareName: string; userName: string; right: Right }
    shareGroupGrant: { shareName: string; groupName: string; right: Right }
    home: HomeTable
    nfsExport: NfsExportTable
  }
}

export type ShareRow = ShareTable
export type HomeRow = HomeTable
export type NfsExportRow = Selectable<NfsExportTable>

const statements = [
  sql`create table share (
    name text primary key, pool text not null, everyone text not null, state text not null,
    createdAt integer not null) strict`,
  sql`create table shareUserGrant (
    shareName text not null references share (name) on delete cascade,
    userName text not null references user (name) on delete cascade, "right" text not null,
    primary key (shareName, userName)) strict, without rowid`,
  sql`create index shareUserGrantByUser on shareUserGrant (userName)`,
  sql`create table shareGroupGrant (
    shareName text not null references share (name) on delete cascade,
    groupName text not null references userGroup (name) on delete cascade, "right" text not null,
    primary key (shareName, groupName)) strict, without rowid`,
  sql`create index shareGroupGrantByGroup on shareGroupGrant (groupName)`,
  sql`create table home (userName text primary key, pool text not null, state text not null) strict`,
]

const nfsExport = sql`create table nfsExport (
  number integer primary key autoincrement, kind text not null, name text not null, isEnabled integer not null,
  access text not null, clients text not null, hasSnapshots integer not null, unique (kind, name)) strict`

export const shareMigrations: NamedMigration[] = [
  {
    name: 'shares/001-shares',
    async up(database) {
      for (const statement of statements) await statement.execute(database)
    },
  },
  {
    name: 'shares/002-nfs',
    async up(database) {
      await nfsExport.execute(database)
    },
  },
]
