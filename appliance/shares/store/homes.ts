import { type Database, writeTransaction } from '../../lib/database.ts'
import { freeName, takeName } from '../../users/index.ts'
import type { HomeRow } from './migrations.ts'
import { forgetNfs } from './nfs.ts'

export function createHomeStore(database: Database) {
  return {
    list: (): Promise<HomeRow[]> => database.selectFrom('home').selectAll().orderBy('userName').execute(),
    /** The row that is there, else a new one in the state `making`. */
    async claim(userName: string, pool: string): Promise<HomeRow> {
      return writeTransaction(database, async transaction => {
        await transaction
          .insertInto('home')
          .values({ userName, pool, state: 'making' })
          .onConflict(conflict => conflict.doNothing())
          .execute()
        return transaction
          .selectFrom('home')
          .selectAll()
          .where('userName', '=', userName)
          .executeTakeFirstOrThrow()
      })
    },
    /** One that lies on an imported pool is that of a former account. */
    async takeOver(userName: string, pool: string): Promise<void> {
      await writeTransaction(database, async transaction => {
        const there = await transaction
          .selectFrom('home')
          .select('pool')
          .where('userName', '=', userName)
          .executeTakeFirst()
        if (there?.pool === pool) return
        await takeName(transaction, userName, 'home')
        await transaction.insertInto('home').values({ userName, pool, state: 'orphan' }).execute()
      })
    },
    async setState(userName: string, state: HomeRow['state']): Promise<void> {
      await database.updateTable('home').set({ state }).where('userName', '=', userName).execute()
    },
    /** The home is gone: its name is free again. */
    async remove(userName: string): Promise<void> {
      await writeTransaction(database, async transaction => {
        await transaction.deleteFrom('home').where('userName', '=', userName).execute()
        await forgetNfs(transaction, 'homes', userName)
        await freeName(transaction, userName)
      })
    },
  }
}

export type HomeStore = ReturnType<typeof createHomeStore>
