import { type Database, writeTransaction } from '../../lib/database.ts'
import { Failure } from '../../lib/failure.ts'
import { freeName, takeName } from '../../users/index.ts'
import type { Right } from '../schema.ts'
import type { ShareRow, ShareState } from './migrations.ts'
import { forgetNfs } from './nfs.ts'

export interface ShareRecord extends ShareRow {
  users: Record<string, Right>
  groups: Record<string, Right>
}

export interface GrantChange {
  users: Record<string, Right>
  groups: Record<string, Right>
  everyone?: Right | undefined
}

export function createShareStore(database: Database) {
  return {
    /** By name, in every state. */
    async list(): Promise<ShareRecord[]> {
      const [shares, users, groups] = await Promise.all([
        database.selectFrom('share').selectAll().orderBy('name').execute(),
        database.selectFrom('shareUserGrant').selectAll().orderBy('userName').execute(),
        database.selectFrom('shareGroupGrant').selectAll().orderBy('groupName').execute(),
      ])
      const usersOf = Map.groupBy(users, row => row.shareName)
      const groupsOf = Map.groupBy(groups, row => row.shareName)
      return shares.map(share => ({
        ...share,
        users: Object.fromEntries((usersOf.get(share.name) ?? []).map(row => [row.userName, row.right])),
        groups: Object.fromEntries((groupsOf.get(share.name) ?? []).map(row => [row.groupName, row.right])),
      }))
    },
    async insert(row: Omit<ShareRow, 'state'>): Promise<void> {
      await writeTransaction(database, async transaction => {
        await takeName(transaction, row.name, 'share')
        await transaction
          .insertInto('share')
          .values({ ...row, state: 'making' })
          .execute()
      })
    },
    /** One that lies on an imported pool; who may do what is decided anew. */
    async takeOver(row: Omit<ShareRow, 'state' | 'everyone'>): Promise<void> {
      await writeTransaction(database, async transaction => {
        const there = await transaction
          .selectFrom('share')
          .select('pool')
          .where('name', '=', row.name)
          .executeTakeFirst()
        if (there?.pool === row.pool) return
        await takeName(transaction, row.name, 'share')
        await transaction
          .insertInto('share')
          .values({ ...row, everyone: 'none', state: 'ready' })
          .execute()
      })
    },
    async setState(name: string, state: ShareState): Promise<void> {
      await database.updateTable('share').set({ state }).where('name', '=', name).execute()
    },
    async setEveryone(name: string, everyone: Right): Promise<void> {
      await database.updateTable('share').set({ everyone }).where('name', '=', name).execute()
    },
    async setGrants(name: string, change: GrantChange): Promise<void> {
      await writeTransaction(database, async transaction => {
        await refuseUnknown(transaction, change)
        if (change.everyone !== undefined)
          await transaction
            .updateTable('share')
            .set({ everyone: change.everyone })
            .where('name', '=', name)
            .execute()
        await writeGrants(transaction, name, change)
      })
    },
    async remove(name: string): Promise<void> {
      await writeTransaction(database, async transaction => {
        await transaction.deleteFrom('share').where('name', '=', name).execute()
        await forgetNfs(transaction, 'shares', name)
        await freeName(transaction, name)
      })
    },
  }
}

export type ShareStore = ReturnType<typeof createShareStore>

async function writeGrants(transaction: Database, shareName: string, { users, groups }: GrantChange) {
  await transaction.deleteFrom('shareUserGrant').where('shareName', '=', shareName).execute()
  await transaction.deleteFrom('shareGroupGrant').where('shareName', '=', shareName).execute()
  for (const [userName, right] of Object.entries(users))
    await transaction.insertInto('shareUserGrant').values({ shareName, userName, right }).execute()
  for (const [groupName, right] of Object.entries(groups))
    await transaction.insertInto('shareGroupGrant').values({ shareName, groupName, right }).execute()
}

async function refuseUnknown(transaction: Database, change: GrantChange) {
  const users = await transaction.selectFrom('user').select('name').execute()
  const groups = await transaction.selectFrom('userGroup').select('name').execute()
  const fields = {
    ...unknownAmong(change.users, users, name => [`users.${name}`, `There is no account ${name}.`]),
    ...unknownAmong(change.groups, groups, name => [`groups.${name}`, `There is no group ${name}.`]),
  }
  const messages = Object.values(fields)
  if (messages.length === 0) return
  throw new Failure('invalid', 'shares/unknown-grantee', messages.join(' '), { details: { fields } })
}

function unknownAmong(
  given: Record<string, Right>,
  rows: readonly { name: string }[],
  entry: (name: string) => [string, string],
): Record<string, string> {
  const known = new Set(rows.map(({ name }) => name))
  return Object.fromEntries(
    Object.keys(given)
      .filter(name => !known.has(name))
      .map(entry),
  )
}
