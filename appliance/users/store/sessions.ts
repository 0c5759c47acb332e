import type { Database } from '../../lib/database.ts'
import type { SessionRow } from './migrations.ts'

export function createSessionStore(database: Database) {
  return {
    async insert(row: SessionRow): Promise<void> {
      await database.deleteFrom('session').where('expiresAt', '<=', row.createdAt).execute()
      await database.insertInto('session').values(row).execute()
    },
    byToken: (tokenHash: string): Promise<SessionRow | undefined> =>
      database.selectFrom('session').selectAll().where('tokenHash', '=', tokenHash).executeTakeFirst(),
    async extend(id: string, expiresAt: number): Promise<void> {
      await database.updateTable('session').set({ expiresAt }).where('id', '=', id).execute()
    },
    async remove(id: string): Promise<void> {
      await database.deleteFrom('session').where('id', '=', id).execute()
    },
  }
}

export type SessionStore = ReturnType<typeof createSessionStore>
