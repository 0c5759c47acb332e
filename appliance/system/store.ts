import { sql } from 'kysely'
import { type Database, type NamedMigration, writeTransaction } from '../lib/database.ts'

interface SettingTable {
  key: string
  /** JSON. */
  value: string
}

declare module '../lib/database.ts' {
  interface Tables {
    setting: SettingTable
  }
}

export const systemMigrations: NamedMigration[] = [
  {
    name: 'system/001-setting',
    async up(database) {
      await sql`create table setting (key text primary key, value text not null) strict`.execute(database)
    },
  },
]

/** Decisions that are single values: the box's name, when it was claimed. Values are JSON; readers check them. */
export function createSettings(database: Database) {
  const read = async (from: Database, key: string): Promise<unknown> => {
    const row = await from.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
    return row === undefined ? undefined : JSON.parse(row.value)
  }
  const write = async (to: Database, key: string, value: unknown) => {
    const text = JSON.stringify(value)
    await to
      .insertInto('setting')
      .values({ key, value: text })
      .onConflict(conflict => conflict.column('key').doUpdateSet({ value: text }))
      .execute()
  }
  return {
    get: (key: string): Promise<unknown> => read(database, key),
    set: (key: string, value: unknown): Promise<void> => write(database, key, value),
    /** The value that is there, else `make()`, which is kept; the same in every process. */
    async getOrMake(key: string, make: () => unknown): Promise<unknown> {
      return writeTransaction(database, async transaction => {
        const there = await read(transaction, key)
        if (there !== undefined) return there
        const made = make()
        await write(transaction, key, made)
        return made
      })
    },
    /** Reads, decides and writes as one; the new value. What `next` throws leaves everything as it was. */
    async change(key: string, next: (before: unknown) => unknown): Promise<unknown> {
      return writeTransaction(database, async transaction => {
        const after = next(await read(transaction, key))
        await write(transaction, key, after)
        return after
      })
    },
    async remove(key: string): Promise<void> {
      await database.deleteFrom('setting').where('key', '=', key).execute()
    },
  }
}

export type Settings = ReturnType<typeof createSettings>
