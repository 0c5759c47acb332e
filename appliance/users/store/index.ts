import type { Database } from '../../lib/database.ts'
import { createAccountStore } from './accounts.ts'
import { createAppPasswordStore } from './app-passwords.ts'
import { createGroupStore } from './groups.ts'
import { createSessionStore } from './sessions.ts'

export function createUserStore(database: Database) {
  return {
    accounts: createAccountStore(database),
    groups: createGroupStore(database),
    sessions: createSessionStore(database),
    appPasswords: createAppPasswordStore(database),
  }
}

export type UserStore = ReturnType<typeof createUserStore>
