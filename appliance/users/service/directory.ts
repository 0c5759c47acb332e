import { createMemory } from '../../lib/memory.ts'
import type { Account } from '../store/accounts.ts'
import type { UserStore } from '../store/index.ts'

export interface Directory {
  refresh(): Promise<void>
  account(name: string): Account | undefined
  accounts(): readonly Account[]
  groupsOf(user: string): readonly string[]
}

interface People {
  accounts: Map<string, Account>
  groupsOf: Map<string, string[]>
}

/** Accounts and groups in memory, for readers that cannot wait. It holds no secrets. */
export function createDirectory(store: UserStore): Directory {
  const memory = createMemory<People>({ accounts: new Map(), groupsOf: new Map() }, async () => {
    const [accounts, groups] = await Promise.all([store.accounts.list(), store.groups.list()])
    const pairs = groups.flatMap(({ name, members }) => members.map(member => ({ name, member })))
    const byMember = Map.groupBy(pairs, pair => pair.member)
    return {
      accounts: new Map(accounts.map(account => [account.name, account])),
      groupsOf: new Map([...byMember].map(([member, of]) => [member, of.map(({ name }) => name)])),
    }
  })
  return {
    refresh: memory.refresh,
    account: name => memory.value().accounts.get(name),
    accounts: () => [...memory.value().accounts.values()],
    groupsOf: user => memory.value().groupsOf.get(user) ?? [],
  }
}
