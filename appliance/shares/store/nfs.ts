import { type Database, writeTransaction } from '../../lib/database.ts'
import { Failure } from '../../lib/failure.ts'
import { lastNfsNumber, mostNfsExports } from '../schema.ts'
import type { NfsExportRow } from './migrations.ts'

export interface NfsRecord {
  number: number
  kind: 'shares' | 'homes'
  name: string
  isEnabled: boolean
  access: 'read' | 'write'
  clients: string[]
  hasSnapshots: boolean
}

export type NfsSetting = Omit<NfsRecord, 'number'>
type Key = Pick<NfsRecord, 'kind' | 'name'>

export function createNfsStore(database: Database) {
  return {
    async list(): Promise<NfsRecord[]> {
      const rows = await database.selectFrom('nfsExport').selectAll().orderBy('number').execute()
      return rows.map(recordOf)
    },
    async set({ kind, name, ...given }: NfsSetting): Promise<void> {
      const values = {
        isEnabled: given.isEnabled ? 1 : 0,
        access: given.access,
        clients: JSON.stringify(given.clients),
        hasSnapshots: given.hasSnapshots ? 1 : 0,
      } as const
      await writeTransaction(database, async transaction => {
        await requireThere(transaction, kind, name)
        const { numUpdatedRows } = await transaction
          .updateTable('nfsExport')
          .set(values)
          .where('kind', '=', kind)
          .where('name', '=', name)
          .executeTakeFirst()
        if (numUpdatedRows > 0n) return
        await requireRoom(transaction)
        const { number } = await transaction
          .insertInto('nfsExport')
          .values({ kind, name, ...values })
          .returning('number')
          .executeTakeFirstOrThrow()
        if (number > lastNfsNumber) throw usedUp()
      })
    },
    remove: ({ kind, name }: Key): Promise<void> => forgetNfs(database, kind, name),
  }
}

export type NfsStore = ReturnType<typeof createNfsStore>

/** Else a later share of that name would be exported to the machines of this one. */
async function requireThere(database: Database, kind: NfsRecord['kind'], name: string): Promise<void> {
  const found =
    kind === 'shares'
      ? await database.selectFrom('share').select('state').where('name', '=', name).executeTakeFirst()
      : await database.selectFrom('home').select('state').where('userName', '=', name).executeTakeFirst()
  if (found?.state !== 'ready')
    throw new Failure('missing', 'shares/nfs-gone', `There is no share or home ${name} any more.`)
}

async function requireRoom(database: Database): Promise<void> {
  const { count } = await database
    .selectFrom('nfsExport')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  if (count < mostNfsExports) return
  const message = `At most ${mostNfsExports} shares and homes can have NFS settings. Delete those of another one first.`
  throw new Failure('conflict', 'shares/nfs-too-many', message)
}

function usedUp(): Failure {
  const message =
    `NFS was set up anew ${lastNfsNumber} times on this box, and the NFS server can tell no more apart. ` +
    'What is exported goes on, and can be changed and switched off and on; nothing else can be exported any more.'
  return new Failure('conflict', 'shares/nfs-numbers-used-up', message)
}

export async function forgetNfs(database: Database, kind: NfsRecord['kind'], name: string): Promise<void> {
  await database.deleteFrom('nfsExport').where('kind', '=', kind).where('name', '=', name).execute()
}

function recordOf({ isEnabled, hasSnapshots, clients, ...row }: NfsExportRow): NfsRecord {
  return {
    ...row,
    isEnabled: isEnabled === 1,
    hasSnapshots: hasSnapshots === 1,
    clients: JSON.parse(clients) as string[],
  }
}
