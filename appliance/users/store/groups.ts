import { type Database, writeTransaction } from '../../lib/database.ts'
import { Failure } from '../../lib/failure.ts'
import type { Group } from '../schema.ts'

export function createGroupStore(database: Database) {
  return {
    async list(): Promise<Group[]> {
      const [groups, rows] = await Promise.all([
        database.selectFrom('userGroup').select('name').orderBy('name').execute(),
        database.selectFrom('groupMember').selectAll().orderBy('userName').execute(),
      ])
      const membersOf = Map.groupBy(rows, row => row.groupName)
      return groups.map(({ name }) => ({
        name,
        members: (membersOf.get(name) ?? []).map(row => row.userName),
      }))
    },
    async insert({ name, members }: Group): Promise<void> {
      await writeTransaction(database, async transaction => {
        if (await isThere(transaction, name)) throw taken(name)
        await transaction.insertInto('userGroup').values({ name }).execute()
        await writeMembers(transaction, name, members)
      })
    },
    async setMembers(name: string, members: string[]): Promise<void> {
      await writeTransaction(database, async transaction => {
        if (!(await isThere(transaction, name))) throw noGroup(name)
        await transaction.deleteFrom('groupMember').where('groupName', '=', name).execute()
        await writeMembers(transaction, name, members)
      })
    },
    async remove(name: string): Promise<void> {
      await writeTransaction(database, async transaction => {
        if (!(await isThere(transaction, name))) throw noGroup(name)
        await transaction.deleteFrom('userGroup').where('name', '=', name).execute()
      })
    },
  }
}

export type GroupStore = ReturnType<typeof createGroupStore>

async function isThere(transaction: Database, name: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('userGroup')
    .select('name')
    .where('name', '=', name)
    .executeTakeFirst()
  return row !== undefined
}

async function writeMembers(transaction: Database, groupName: string, members: string[]) {
  const known = new Set(
    (await transaction.selectFrom('user').select('name').execute()).map(({ name }) => name),
  )
  const unknown = members.find(member => !known.has(member))
  if (unknown !== undefined) throw unknownMember(unknown)
  const rows = [...new Set(members)].map(userName => ({ groupName, userName }))
  for (const row of rows) await transaction.insertInto('groupMember').values(row).execute()
}

function unknownMember(name: string): Failure {
  const message = `There is no account ${name}.`
  return new Failure('invalid', 'users/unknown-member', message, {
    details: { fields: { members: message } },
  })
}

function noGroup(name: string): Failure {
  return new Failure('missing', 'users/no-group', `There is no group ${name}.`)
}

function taken(name: string): Failure {
  const message = `There is a group ${name} already.`
  return new Failure('conflict', 'users/group-taken', message, { details: { fields: { name: message } } })
}
