import { type Database, readNow, writeTransaction } from '../../lib/database.ts'
import type { LockRow } from './migrations.ts'

/** What a new lock must not meet: locks on these files, and below this place where it is infinite. */
export interface LockScope {
  /** The file itself. */
  fileId: number
  /** The folders above it: only infinite locks on them count. */
  above: readonly number[]
}

/** Locks by the id of what they lie on. Ended ones count nowhere and are cleared away as new ones come. */
export function createLockStore(database: Database, now: () => number) {
  const anyRow = database.selectFrom('davLock').select('token').limit(1).compile()
  let firstRow: (() => unknown) | undefined
  const live = (transaction: Database) =>
    transaction.selectFrom('davLock').selectAll().where('endsAt', '>', now())

  function covering(transaction: Database, { fileId, above }: LockScope) {
    return live(transaction)
      .where(where =>
        where.or([
          where('fileId', '=', fileId),
          where.and([where('isInfinite', '=', 1), where('fileId', 'in', above.length > 0 ? above : [0])]),
        ]),
      )
      .execute()
  }

  /** The path and what lies below, by names as they were when locked or last moved. */
  function below(transaction: Database, volume: string, path: string) {
    const [from, to] = bounds(path)
    return live(transaction)
      .where('volume', '=', volume)
      .where('path', '>=', from)
      .where('path', '<', to)
      .execute()
  }

  return {
    /** Whether there may be any. Asked before every change. */
    any(): boolean {
      firstRow ??= readNow(database, anyRow)
      return firstRow() !== undefined
    },
    covering: (scope: LockScope) => covering(database, scope),
    below: (volume: string, path: string) => below(database, volume, path),
    async of(fileIds: readonly number[]): Promise<LockRow[]> {
      return live(database)
        .where('fileId', 'in', [...fileIds])
        .execute()
    },
    /** Inserts unless it conflicts; the locks in its way otherwise. */
    async add(row: LockRow, scope: LockScope): Promise<LockRow[]> {
      return writeTransaction(database, async transaction => {
        await transaction.deleteFrom('davLock').where('endsAt', '<=', now()).execute()
        const met = await covering(transaction, scope)
        if (row.isInfinite) met.push(...(await below(transaction, row.volume, row.path)))
        const inTheWay = met.filter(one => !one.isShared || !row.isShared)
        if (inTheWay.length === 0) await transaction.insertInto('davLock').values(row).execute()
        return inTheWay
      })
    },
    async refresh(token: string, timeoutSeconds: number): Promise<void> {
      const endsAt = now() + timeoutSeconds * 1000
      await database
        .updateTable('davLock')
        .set({ timeoutSeconds, endsAt })
        .where('token', '=', token)
        .execute()
    },
    async remove(token: string): Promise<void> {
      await database.deleteFrom('davLock').where('token', '=', token).execute()
    },
    async forget(fileIds: readonly number[]): Promise<void> {
      await database
        .deleteFrom('davLock')
        .where('fileId', 'in', [...fileIds])
        .execute()
    },
    async forgetBelow(volume: string, path: string): Promise<void> {
      const [from, to] = bounds(path)
      await database
        .deleteFrom('davLock')
        .where('volume', '=', volume)
        .where('path', '>=', from)
        .where('path', '<', to)
        .execute()
    },
    /** Keeps the places of locks true through a move of our own. */
    async moved(from: { volume: string; path: string }, to: { volume: string; path: string }): Promise<void> {
      await writeTransaction(database, async transaction => {
        for (const row of await below(transaction, from.volume, from.path)) {
          const path = to.path + row.path.slice(from.path.length)
          await transaction
            .updateTable('davLock')
            .set({ volume: to.volume, path })
            .where('token', '=', row.token)
            .execute()
        }
      })
    },
  }
}

/** Paths end in '/', so that a folder's place is the prefix of all that lies below. */
function bounds(path: string): [string, string] {
  return [path, `${path.slice(0, -1)}0`] // '0' follows '/'
}

export function placeText(path: readonly string[]): string {
  return path.length === 0 ? '/' : `/${path.join('/')}/`
}

export type LockStore = ReturnType<typeof createLockStore>
