import { type Database, writeTransaction } from '../../lib/database.ts'
import type { PropertyRow } from './migrations.ts'

export type PropertyChange =
  | { kind: 'set'; namespace: string; name: string; value: string }
  | { kind: 'remove'; namespace: string; name: string }

const idsAtOnce = 500

/** Dead properties: what clients hang on a file, by its id. */
export function createPropertyStore(database: Database) {
  async function of(fileIds: readonly number[]): Promise<PropertyRow[]> {
    const rows: PropertyRow[] = []
    for (let start = 0; start < fileIds.length; start += idsAtOnce) {
      const some = fileIds.slice(start, start + idsAtOnce)
      rows.push(
        ...(await database.selectFrom('davProperty').selectAll().where('fileId', 'in', some).execute()),
      )
    }
    return rows
  }

  return {
    of,
    async any(): Promise<boolean> {
      const row = await database.selectFrom('davProperty').select('fileId').limit(1).executeTakeFirst()
      return row !== undefined
    },
    /** All or nothing. */
    async change(fileId: number, changes: readonly PropertyChange[]): Promise<void> {
      await writeTransaction(database, async transaction => {
        for (const change of changes) {
          await transaction
            .deleteFrom('davProperty')
            .where('fileId', '=', fileId)
            .where('namespace', '=', change.namespace)
            .where('name', '=', change.name)
            .execute()
          if (change.kind === 'remove') continue
          const { namespace, name, value } = change
          await transaction.insertInto('davProperty').values({ fileId, namespace, name, value }).execute()
        }
      })
    },
    async copy(pairs: readonly (readonly [number, number])[]): Promise<void> {
      const targets = new Map(pairs)
      const rows = await of([...targets.keys()])
      if (rows.length === 0) return
      await writeTransaction(database, async transaction => {
        for (const row of rows) {
          const fileId = targets.get(row.fileId)
          if (fileId !== undefined)
            await transaction
              .insertInto('davProperty')
              .values({ ...row, fileId })
              .execute()
        }
      })
    },
    async forget(fileIds: readonly number[]): Promise<void> {
      for (let start = 0; start < fileIds.length; start += idsAtOnce) {
        const some = fileIds.slice(start, start + idsAtOnce)
        await database.deleteFrom('davProperty').where('fileId', 'in', some).execute()
      }
    },
  }
}

export type PropertyStore = ReturnType<typeof createPropertyStore>
