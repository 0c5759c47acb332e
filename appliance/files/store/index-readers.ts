import SQLite from 'better-sqlite3'
import type { ListedRow } from './index-store.ts'

/** One view of the index that stays as it was at its beginning, however long it is read. */
export interface IndexReader extends Disposable {
  page(volume: number, parent: number, after: string, limit: number): ListedRow[]
}

export const pageQuery = `select name, isFolder, id, etag, size, modified, modifiedNs, born, checksums from entry
  where volume = ? and parent = ? and name > ? order by name limit ?`

const mostIdle = 2

/**
 * Connections for listings that take more than one look: a file that is renamed meanwhile must not be missed under both
 * names. (On the one connection for everything else, an open transaction would be in the way of writing.)
 */
export function createIndexReaders(path: string) {
  const idle: SQLite.Database[] = []
  const all = new Set<SQLite.Database>()

  function connect(): SQLite.Database {
    const database = new SQLite(path, { readonly: true, timeout: 10_000 })
    database.pragma('cache_size = -2000')
    all.add(database)
    return database
  }

  function giveBack(database: SQLite.Database) {
    if (!all.has(database)) return
    database.exec('commit')
    if (idle.length < mostIdle) idle.push(database)
    else {
      all.delete(database)
      database.close()
    }
  }

  return {
    begin(): IndexReader {
      const database = idle.pop() ?? connect()
      database.exec('begin')
      const page = database.prepare(pageQuery).raw()
      return {
        page: (volume, parent, after, limit) => page.all(volume, parent, after, limit) as ListedRow[],
        [Symbol.dispose]: () => giveBack(database),
      }
    },
    isReading: () => all.size > idle.length,
    close() {
      for (const database of all) database.close()
      all.clear()
      idle.splice(0)
    },
  }
}
