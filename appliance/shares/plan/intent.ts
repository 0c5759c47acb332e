import type { SmbAccount, SmbExport, SmbIntent } from '../schema.ts'
import { type GrantTable, rightOf } from './rights.ts'

export interface IntentSource {
  hostName: string
  accounts: readonly SmbAccount[]
  groups: readonly { name: string; members: readonly string[] }[]
  shares: readonly (GrantTable & { name: string; pool: string; state: string })[]
  homes: readonly { userName: string; pool: string; state: string }[]
  isAvailable(pool: string): boolean
}

/** What Samba is to serve, from what people decided: groups become their members, everyone becomes every account. */
export function smbIntentOf(source: IntentSource): SmbIntent {
  const { hostName, accounts, groups, shares, homes, isAvailable } = source
  const known = new Set(accounts.map(({ name }) => name))
  const groupsOf = (user: string) =>
    groups.filter(({ members }) => members.includes(user)).map(({ name }) => name)
  const rightsIn = (grants: GrantTable) =>
    accounts.map(({ name }) => ({ name, right: rightOf(name, groupsOf(name), grants) }))

  const shareExports = shares
    .filter(({ state }) => state === 'ready')
    .map((share): SmbExport => {
      const { name, pool } = share
      const rights = rightsIn(share)
      const having = (wanted: string) => rights.filter(({ right }) => right === wanted).map(each => each.name)
      const lists = { readers: having('read'), writers: having('write') }
      return { kind: 'shares', name, pool, isAvailable: isAvailable(pool), ...lists }
    })
  const homeExports = homes
    .filter(({ userName, state }) => state === 'ready' && known.has(userName))
    .map(({ userName: name, pool }): SmbExport => {
      const lists = { readers: [], writers: [name] }
      return { kind: 'homes', name, pool, isAvailable: isAvailable(pool), ...lists }
    })
  return { hostName, accounts: [...accounts], exports: [...shareExports, ...homeExports] }
}
