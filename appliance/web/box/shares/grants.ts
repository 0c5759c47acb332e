import type { Grants, Right, Share } from '../../api/shares.ts'

export interface Subject {
  kind: 'users' | 'groups'
  name: string
}

export function grantsOf({ everyone = 'none', users = {}, groups = {} }: Share): Grants {
  return { everyone, users, groups }
}

/** Groups first, then people, each by name. */
export function grantRows(grants: Grants): (Subject & { right: Right })[] {
  const rowsOf = (kind: Subject['kind']) =>
    Object.entries(grants[kind])
      .map(([name, right]) => ({ kind, name, right }))
      .sort((a, b) => a.name.localeCompare(b.name))
  return [...rowsOf('groups'), ...rowsOf('users')]
}

export function setRight(grants: Grants, { kind, name }: Subject, right: Right): Grants {
  return { ...grants, [kind]: { ...grants[kind], [name]: right } }
}

export function addGrant(grants: Grants, subject: Subject): Grants {
  return setRight(grants, subject, 'write')
}

export function removeGrant(grants: Grants, { kind, name }: Subject): Grants {
  const { [name]: _removed, ...rest } = grants[kind]
  return { ...grants, [kind]: rest }
}

export function isSameGrants(a: Grants, b: Grants): boolean {
  return canonical(a) === canonical(b)
}

function canonical(grants: Grants): string {
  return JSON.stringify([grants.everyone, grantRows(grants)])
}
