import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import SQLite from 'better-sqlite3'
import { jobMigrations } from '../../appliance/jobs/store.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { shareMigrations } from '../../appliance/shares/store/migrations.ts'
import { storageMigrations } from '../../appliance/storage/index.ts'
import { systemMigrations } from '../../appliance/system/store.ts'
import { userMigrations } from '../../appliance/users/store/migrations.ts'
import { tempFolder } from '../helpers/temp.ts'

/** Settings as a box has them: of the time before an update, and of now. */
export interface Settings {
  /** The present ones. */
  path: string
  /** A copy of them as they are now: what an update keeps. */
  keep(): string
  run(statements: string): void
}

/** Ann and Bob, a group, two shares and what belongs to them, in the tables of this very version. */
export async function makeSettings(t: ExecutionContext, path?: string): Promise<Settings> {
  const folder = await tempFolder(t)
  const own = path ?? join(folder, 'cairn.db')
  const database = await openDatabase(own)
  await migrateDatabase(database, [
    ...jobMigrations,
    ...systemMigrations,
    ...storageMigrations,
    ...userMigrations,
    ...shareMigrations,
  ])
  await database.destroy()
  const open = <T>(work: (sqlite: SQLite.Database) => T): T => {
    const sqlite = new SQLite(own)
    try {
      return work(sqlite)
    } finally {
      sqlite.close()
    }
  }
  const run = (statements: string) => open(sqlite => void sqlite.exec(statements))
  run(people)
  let count = 0
  return {
    path: own,
    run,
    keep() {
      open(sqlite => void sqlite.pragma('wal_checkpoint(truncate)'))
      count += 1
      const copy = join(folder, `kept-${count}.db`)
      copyFileSync(own, copy)
      return copy
    },
  }
}

const people = `
  insert into setting values ('setup/claimed-at', '1'), ('system/name', '"attic"'), ('system/instance-id', '"oc1"');
  insert into user values ('ann', 1, 'Ann', 'admin', 'hash-ann', 'nt-ann', 1),
    ('bob', 2, 'Bob', 'member', 'hash-bob', 'nt-bob', 1), ('eve', 3, 'Eve', 'admin', 'hash-eve', 'nt-eve', 1);
  update userNumber set last = 3;
  insert into userGroup values ('family');
  insert into groupMember values ('family', 'bob'), ('family', 'eve');
  insert into session values ('s1', 't1', 'ann', 1, 1, 99), ('s2', 't2', 'bob', 1, 1, 99), ('s3', 't3', 'eve', 1, 1, 99);
  insert into appPassword values ('a1', 'bob', 'phone', 'h1', 1, null), ('a2', 'bob', 'laptop', 'h2', 1, null);
  insert into pool values ('pool', 'u1', 'raid1', 'ready', 1);
  insert into poolDisk values ('pool', 1, 'DISK1', 'm', 1), ('pool', 2, 'DISK2', 'm', 1);
  insert into share values ('photos', 'pool', 'write', 'ready', 1), ('music', 'pool', 'none', 'ready', 1);
  insert into shareUserGrant values ('music', 'bob', 'write');
  insert into shareGroupGrant values ('music', 'family', 'read');
  insert into home values ('ann', 'pool', 'ready'), ('bob', 'pool', 'ready'), ('eve', 'pool', 'ready');
  insert into nfsExport (kind, name, isEnabled, access, clients, hasSnapshots) values ('shares', 'music', 1, 'write', '["10.0.0.0/8"]', 0);
  insert into takenName values ('ann', 'user'), ('bob', 'user'), ('eve', 'user'), ('photos', 'share'), ('music', 'share');
`

/** All that somebody may do in between, and each thing that may be taken from somebody. */
export const meanwhile = `
  delete from user where name = 'eve';
  update takenName set kind = 'home' where key = 'eve';
  update home set state = 'orphan' where userName = 'eve';
  update user set passwordHash = 'new-bob', ntHash = 'new-nt-bob', displayName = 'Robert' where name = 'bob';
  delete from session where userName = 'bob';
  delete from appPassword where id = 'a1';
  insert into appPassword values ('a3', 'ann', 'tablet', 'h3', 2, null);
  insert into session values ('s4', 't4', 'ann', 0, 2, 99);
  update share set everyone = 'read' where name = 'photos';
  insert into shareUserGrant values ('photos', 'bob', 'none');
  delete from shareUserGrant where shareName = 'music';
  delete from groupMember where userName = 'bob';
  insert into userGroup values ('barred');
  insert into groupMember values ('barred', 'bob');
  insert into shareGroupGrant values ('music', 'barred', 'none');
  delete from nfsExport;
  insert into user values ('zoe', 4, 'Zoe', 'member', 'hash-zoe', 'nt-zoe', 2);
  update userNumber set last = 4;
  insert into home values ('zoe', 'pool', 'ready');
  insert into takenName values ('zoe', 'user'), ('video', 'share');
  insert into share values ('video', 'pool', 'none', 'ready', 2);
  insert into shareUserGrant values ('video', 'zoe', 'write'), ('video', 'ann', 'read');
  update poolDisk set serial = 'DISK3' where devid = 2;
  insert into retiredDisk values ('pool', 'DISK2');
  update setting set value = '"cellar"' where key = 'system/name';
`
