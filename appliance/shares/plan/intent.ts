import { type SmbAccount, type SmbExport, type SmbIntent, type SmbTuning, smbTuning } from '../schema.ts'
import { type GrantTable, rightOf } from './rights.ts'

export interface IntentSource {
  hostName: string
  accounts: readonly SmbAccount[]
  groups: readonly { name: string; members: readonly string[] }[]
  shares: readonly (GrantTable & { name: string; pool: string; state: string })[]
  homes: readonly { userName: string; pool: string; state: string }[]
  isAvailable(pool: string): boolean
  /** What the tuning says, by the names of its settings. */
  taken: Readonly<Record<string, string>>
}

/** What Samba is to serve, from what people decided: groups become their members, everyone becomes every account. */
export function smbIntentOf(source: IntentSource): SmbIntent {
  const { hostName, accounts, groups, shares, homes, isAvailable, taken } = source
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
  const exports = [...shareExports, ...homeExports]
  return { hostName, accounts: [...accounts], exports, tuning: smbTuningOf(taken) }
}

/** What a version before or after this one took, and this one does not know, is left to Samba. */
export function smbTuningOf(taken: IntentSource['taken']): SmbTuning {
  const tuning: SmbTuning = {}
  for (const key of Object.keys(smbTuning.shape)) {
    const value = taken[`samba.${key}`]
    if (value !== undefined) Object.assign(tuning, smbTuning.safeParse({ [key]: value }).data)
  }
  return tuning
}
