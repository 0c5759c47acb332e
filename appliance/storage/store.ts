import { sql } from 'kysely'
import { type Database, type NamedMigration, writeTransaction } from '../lib/database.ts'
import type { PoolRecord } from './plan/pool-state.ts'
import type { PoolProfile, SubvolumeKind } from './schema.ts'

interface PoolTable {
  name: string
  uuid: string
  profile: PoolProfile
  /** `creating` is written before a disk is touched: what a crash leaves is ours, and is cleaned up. */
  state: 'creating' | 'ready'
  createdAt: number
}

interface PoolDiskTable {
  pool: string
  devid: number
  serial: string
  model: string
  sizeBytes: number
}

interface PoolReplacementTable {
  pool: string
  devid: number
  fromSerial: string
  toSerial: string
  /** JSON: serial to what was typed. */
  confirm: string
}

interface RetiredDiskTable {
  pool: string
  serial: string
}

interface SnapshotLabelTable {
  pool: string
  kind: SubvolumeKind
  subvolume: string
  snapshot: string
  label: string
}

declare module '../lib/database.ts' {
  interface Tables {
    pool: PoolTable
    poolDisk: PoolDiskTable
    poolReplacement: PoolReplacementTable
    retiredDisk: RetiredDiskTable
    snapshotLabel: SnapshotLabelTable
  }
}

export const storageMigrations: NamedMigration[] = [
  {
    name: 'storage/001-pool',
    async up(database) {
      await sql`create table pool (
        name text primary key, uuid text not null unique, profile text not null, state text not null,
        createdAt integer not null) strict`.execute(database)
      await sql`create table poolDisk (
        pool text not null references pool (name) on delete cascade, devid integer not null, serial text not null,
        model text not null, sizeBytes integer not null, primary key (pool, devid)) strict`.execute(database)
      await sql`create table poolReplacement (
        pool text primary key references pool (name) on delete cascade, devid integer not null,
        fromSerial text not null, toSerial text not null, confirm text not null) strict`.execute(database)
      await sql`create table retiredDisk (
        pool text not null references pool (name) on delete cascade, serial text not null,
        primary key (pool, serial)) strict`.execute(database)
      await sql`create table snapshotLabel (
        pool text not null references pool (name) on delete cascade, kind text not null, subvolume text not null,
        snapshot text not null, label text not null,
        primary key (pool, kind, subvolume, snapshot)) strict`.execute(database)
    },
  },
]

export interface StoredPool extends PoolRecord {
  state: PoolTable['state']
  createdAt: number
  /** Serials of replaced disks that still carry the pool's old state, should they come back. */
  retired: string[]
  replacement: StoredReplacement | null
}

export interface StoredReplacement {
  devid: number
  fromSerial: string
  toSerial: string
  confirm: Record<string, string>
}

export interface SnapshotKey {
  pool: string
  kind: SubvolumeKind
  name: string
}

export function createStorageStore(database: Database) {
  return {
    async pools(): Promise<StoredPool[]> {
      // Reading only: it must not wait for the write lock.
      return database.transaction().execute(async transaction => {
        const pools = await transaction
          .selectFrom('pool')
          .selectAll()
          .orderBy('createdAt')
          .orderBy('name')
          .execute()
        const disks = await transaction.selectFrom('poolDisk').selectAll().orderBy('devid').execute()
        const retired = await transaction.selectFrom('retiredDisk').selectAll().execute()
        const replacements = await transaction.selectFrom('poolReplacement').selectAll().execute()
        return pools.map(pool => ({
          ...pool,
          disks: disks.filter(disk => disk.pool === pool.name),
          retired: retired.filter(disk => disk.pool === pool.name).map(disk => disk.serial),
          replacement: asReplacement(replacements.find(row => row.pool === pool.name)),
        }))
      })
    },

    /** False when the name is taken. */
    async begin(pool: Omit<PoolTable, 'state'>): Promise<boolean> {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('pool')
        .values({ ...pool, state: 'creating' })
        .onConflict(conflict => conflict.column('name').doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    async finish(pool: Omit<PoolTable, 'state'>, disks: PoolRecord['disks']): Promise<void> {
      await writeTransaction(database, async transaction => {
        const row = { ...pool, state: 'ready' as const }
        await transaction
          .insertInto('pool')
          .values(row)
          .onConflict(conflict => conflict.column('name').doUpdateSet(row))
          .execute()
        const rows = disks.map(({ devid, serial, model, sizeBytes }) => ({
          pool: pool.name,
          devid,
          serial,
          model,
          sizeBytes,
        }))
        if (rows.length > 0) await transaction.insertInto('poolDisk').values(rows).execute()
      })
    },

    /** One that was made elsewhere: never `creating`, since that may be wiped. False when the name is taken. */
    async take(pool: Omit<PoolTable, 'state'>, disks: PoolRecord['disks']): Promise<boolean> {
      return writeTransaction(database, async transaction => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('pool')
          .values({ ...pool, state: 'ready' })
          .onConflict(conflict => conflict.column('name').doNothing())
          .executeTakeFirst()
        if (numInsertedOrUpdatedRows !== 1n) return false
        const rows = disks.map(disk => ({ pool: pool.name, ...disk }))
        if (rows.length > 0) await transaction.insertInto('poolDisk').values(rows).execute()
        return true
      })
    },

    /** Only what is still being made: a pool that is ready is never forgotten this way. */
    async forget(uuid: string): Promise<void> {
      await database.deleteFrom('pool').where('uuid', '=', uuid).where('state', '=', 'creating').execute()
    },

    /** False when another replacement is under way. */
    async beginReplacement(pool: string, { confirm, ...rest }: StoredReplacement): Promise<boolean> {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('poolReplacement')
        .values({ pool, ...rest, confirm: JSON.stringify(confirm) })
        .onConflict(conflict => conflict.column('pool').doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    /** The new disk is in: from now on the old one is a stranger that must not come back as it is. */
    async replaced(pool: string, replacement: StoredReplacement, to: { model: string }): Promise<void> {
      const { devid, fromSerial, toSerial } = replacement
      await writeTransaction(database, async transaction => {
        await transaction
          .updateTable('poolDisk')
          .set({ serial: toSerial, model: to.model })
          .where('pool', '=', pool)
          .where('devid', '=', devid)
          .execute()
        await transaction
          .deleteFrom('retiredDisk')
          .where('pool', '=', pool)
          .where('serial', '=', toSerial)
          .execute()
        if (fromSerial === toSerial) return
        await transaction
          .insertInto('retiredDisk')
          .values({ pool, serial: fromSerial })
          .onConflict(conflict => conflict.doNothing())
          .execute()
      })
    },

    async endReplacement(pool: string): Promise<void> {
      await database.deleteFrom('poolReplacement').where('pool', '=', pool).execute()
    },

    async forgetRetired(pool: string, serials: readonly string[]): Promise<void> {
      await database
        .deleteFrom('retiredDisk')
        .where('pool', '=', pool)
        .where('serial', 'in', serials)
        .execute()
    },

    async labels({ pool, kind, name }: SnapshotKey): Promise<Map<string, string>> {
      const rows = await database
        .selectFrom('snapshotLabel')
        .select(['snapshot', 'label'])
        .where('pool', '=', pool)
        .where('kind', '=', kind)
        .where('subvolume', '=', name)
        .execute()
      return new Map(rows.map(row => [row.snapshot, row.label]))
    },

    async setLabel({ pool, kind, name }: SnapshotKey, snapshot: string, label: string): Promise<void> {
      await database
        .insertInto('snapshotLabel')
        .values({ pool, kind, subvolume: name, snapshot, label })
        .onConflict(conflict =>
          conflict.columns(['pool', 'kind', 'subvolume', 'snapshot']).doUpdateSet({ label }),
        )
        .execute()
    },

    /** Of one snapshot, or of all of them. */
    async dropLabels({ pool, kind, name }: SnapshotKey, snapshot?: string): Promise<void> {
      let query = database
        .deleteFrom('snapshotLabel')
        .where('pool', '=', pool)
        .where('kind', '=', kind)
        .where('subvolume', '=', name)
      if (snapshot !== undefined) query = query.where('snapshot', '=', snapshot)
      await query.execute()
    },
  }
}

export type StorageStore = ReturnType<typeof createStorageStore>

function asReplacement(row: PoolReplacementTable | undefined): StoredReplacement | null {
  if (!row) return null
  const { devid, fromSerial, toSerial, confirm } = row
  return { devid, fromSerial, toSerial, confirm: JSON.parse(confirm) as Record<string, string> }
}
