import { type Database, writeTransaction } from '../../lib/database.ts'
import { Failure } from '../../lib/failure.ts'
import type { UserChange } from '../schema.ts'
import type { UserRow } from './migrations.ts'
import { passName, takeName } from './names.ts'

export type Account = Omit<UserRow, 'passwordHash' | 'ntHash'>

const accountColumns = ['name', 'number', 'displayName', 'role', 'createdAt'] as const

export function createAccountStore(database: Database) {
  return {
    list: (): Promise<Account[]> =>
      database.selectFrom('user').select(accountColumns).orderBy('name').execute(),
    async passwordHash(name: string): Promise<string | undefined> {
      const row = await database
        .selectFrom('user')
        .select('passwordHash')
        .where('name', '=', name)
        .executeTakeFirst()
      return row?.passwordHash
    },
    forSmb: (): Promise<Pick<UserRow, 'name' | 'number' | 'ntHash' | 'displayName'>[]> =>
      database
        .selectFrom('user')
        .select(['name', 'number', 'ntHash', 'displayName'])
        .orderBy('name')
        .execute(),
    /** `takesHome`: the name may be that of a former account, whose home is still there. */
    async insert(row: Omit<UserRow, 'number'>, { takesHome }: { takesHome: boolean }): Promise<void> {
      await writeTransaction(database, async transaction => {
        await takeName(transaction, row.name, 'user', takesHome ? 'home' : 'nobody')
        await transaction
          .insertInto('user')
          .values({ ...row, number: await nextNumber(transaction) })
          .execute()
      })
    },
    async update(name: string, change: UserChange): Promise<void> {
      await writeTransaction(database, async transaction => {
        if (change.role === 'member') await refuseLastAdmin(transaction, name)
        await requireAccount(transaction, name)
        if (Object.keys(change).length === 0) return
        await transaction.updateTable('user').set(change).where('name', '=', name).execute()
      })
    },
    /** Every session of the account ends, but `keptSession`. */
    async setPassword(
      name: string,
      hashes: Pick<UserRow, 'passwordHash' | 'ntHash'>,
      keptSession: string | undefined,
    ): Promise<void> {
      await writeTransaction(database, async transaction => {
        await requireAccount(transaction, name)
        await transaction.updateTable('user').set(hashes).where('name', '=', name).execute()
        await transaction
          .deleteFrom('session')
          .where('userName', '=', name)
          .where('id', '!=', keptSession ?? '')
          .execute()
      })
    },
    /** The name stays taken by what the account leaves behind, so that nobody new is given its files. */
    async remove(name: string): Promise<void> {
      await writeTransaction(database, async transaction => {
        await requireAccount(transaction, name)
        await refuseLastAdmin(transaction, name)
        await transaction.deleteFrom('user').where('name', '=', name).execute()
        await passName(transaction, name, 'home')
      })
    },
  }
}

export type AccountStore = ReturnType<typeof createAccountStore>

async function nextNumber(transaction: Database): Promise<number> {
  const { last } = await transaction
    .updateTable('userNumber')
    .set(({ eb }) => ({ last: eb('last', '+', 1) }))
    .returning('last')
    .executeTakeFirstOrThrow()
  return last
}

async function requireAccount(transaction: Database, name: string) {
  const row = await transaction.selectFrom('user').select('name').where('name', '=', name).executeTakeFirst()
  if (!row) throw noAccount(name)
}

async function refuseLastAdmin(transaction: Database, name: string) {
  const admins = await transaction.selectFrom('user').select('name').where('role', '=', 'admin').execute()
  if (admins.length !== 1 || admins[0]?.name !== name) return
  const message = `${name} is the only administrator. Make somebody else one first.`
  throw new Failure('conflict', 'users/last-admin', message)
}

export function noAccount(name: string): Failure {
  return new Failure('missing', 'users/missing', `There is no account ${name}.`)
}
