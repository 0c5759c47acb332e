import type { Database } from '../../lib/database.ts'
import { createHomeStore } from './homes.ts'
import { createNfsStore } from './nfs.ts'
import { createShareStore } from './shares.ts'

export function createStore(database: Database) {
  return {
    shares: createShareStore(database),
    homes: createHomeStore(database),
    nfs: createNfsStore(database),
  }
}

export type Store = ReturnType<typeof createStore>
