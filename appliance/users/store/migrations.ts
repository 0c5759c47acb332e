import { sql } from 'kysely'
import type { NamedMigration } from '../../lib/database.ts'
import type { Role } from '../schema.ts'

interface UserTable {
  name: string
  /** What smbd knows the account by; never used twice. */
  number: number
  displayName: string
  role: Role
  passwordHash: string
  /** As good as the password for SMB, which leaves no other choice. */
  ntHash: string
  createdAt: number
}

interface NameTable {
  /** Lower case: accounts and shares are one namespace without regard to case. */
  key: string
  kind: NameKind
}

export type NameKind = 'user' | 'share' | 'home'

interface GroupTable {
  name: string
}

interface MemberTable {
  groupName: string
  userName: string
}

interface SessionTable {
  id: string
  tokenHash: string
  userName: string
  isRemembered: 0 | 1
  createdAt: number
  expiresAt: number
}

interface AppPasswordTable {
  id: string
  userName: string
  label: string
  hash: string
  createdAt: number
  lastUsedAt: number | null
}

declare module '../../lib/database.ts' {
  interface Tables {
    user: UserTable
    userNumber: { last: number }
    takenName: NameTable
    userGroup: GroupTable
    groupMember: MemberTable
    session: SessionTable
    appPassword: AppPasswordTable
  }
}

export type UserRow = UserTable
export type SessionRow = SessionTable
export type AppPasswordRow = AppPasswordTable

const statements = [
  sql`create table takenName (key text primary key, kind text not null) strict`,
  sql`create table user (
    name text primary key, number integer not null unique, displayName text not null, role text not null,
    passwordHash text not null, ntHash text not null, createdAt integer not null) strict`,
  sql`create table userNumber (last integer not null) strict`,
  sql`insert into userNumber (last) values (0)`,
  sql`create table userGroup (name text primary key) strict`,
  sql`create table groupMember (
    groupName text not null references userGroup (name) on delete cascade,
    userName text not null references user (name) on delete cascade,
    primary key (groupName, userName)) strict, without rowid`,
  sql`create index groupMemberByUser on groupMember (userName)`,
  sql`create table session (
    id text primary key, tokenHash text not null unique,
    userName text not null references user (name) on delete cascade, isRemembered integer not null,
    createdAt integer not null, expiresAt integer not null) strict`,
  sql`create index sessionByUser on session (userName)`,
  sql`create table appPassword (
    id text primary key, userName text not null references user (name) on delete cascade, label text not null,
    hash text not null unique, createdAt integer not null, lastUsedAt integer) strict`,
  sql`create index appPasswordByUser on appPassword (userName)`,
]

export const userMigrations: NamedMigration[] = [
  {
    name: 'users/001-accounts',
    async up(database) {
      for (const statement of statements) await statement.execute(database)
    },
  },
]
