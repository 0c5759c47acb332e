import type { Database } from '../../lib/database.ts'
import type { AppPasswordRow } from './migrations.ts'

export function createAppPasswordStore(database: Database) {
  return {
    list: (userName: string): Promise<AppPasswordRow[]> =>
      database
        .selectFrom('appPassword')
        .selectAll()
        .where('userName', '=', userName)
        .orderBy('createdAt')
        .orderBy('id')
        .execute(),
    byHash: (hash: string): Promise<AppPasswordRow | undefined> =>
      database.selectFrom('appPassword').selectAll().where('hash', '=', hash).executeTakeFirst(),
    async insert(row: AppPasswordRow): Promise<void> {
      await database.insertInto('appPassword').values(row).execute()
    },
    async setUsed(id: string, lastUsedAt: number): Promise<void> {
      await database.updateTable('appPassword').set({ lastUsedAt }).where('id', '=', id).execute()
    },
    /** False when there was none. */
    async remove(userName: string, id: string): Promise<boolean> {
      const { numDeletedRows } = await database
        .deleteFrom('appPassword')
        .where('userName', '=', userName)
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },
  }
}

export type AppPasswordStore = ReturnType<typeof createAppPasswordStore>
