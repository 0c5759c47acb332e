import type { Right } from '../schema.ts'

export interface GrantTable {
  everyone: Right
  users: Readonly<Record<string, Right>>
  groups: Readonly<Record<string, Right>>
}

const strength: Record<Right, number> = { none: 0, read: 1, write: 2 }

/**
 * The highest of what the account, its groups and everyone were given. `none` for an account takes all of it away;
 * `none` for a group takes away what its members have from elsewhere, but not what an account was given by name.
 */
export function rightOf(user: string, groupsOfUser: readonly string[], grants: GrantTable): Right {
  const own = ownRight(grants.users, user)
  if (own === 'none') return 'none'
  const throughGroups = groupsOfUser.flatMap(group => ownRight(grants.groups, group) ?? [])
  if (throughGroups.includes('none')) return own ?? 'none'
  return highest([...throughGroups, own ?? 'none', grants.everyone])
}

function ownRight(rights: Readonly<Record<string, Right>>, name: string): Right | undefined {
  return Object.hasOwn(rights, name) ? rights[name] : undefined
}

function highest(rights: readonly Right[]): Right {
  return rights.reduce((best, next) => (strength[next] > strength[best] ? next : best), 'none')
}
