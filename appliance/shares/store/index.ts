import type { Database } from '../../lib/database.ts'
import { createHomeStore } from './homes.ts'
import { createShareStore } from './shares.ts'

export function createStore(database: Database) {
  return { shares: createShareStore(database), homes: createHomeStore(database) }
}

export type Store = ReturnType<typeof createStore>
