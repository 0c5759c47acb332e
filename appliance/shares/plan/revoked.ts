import type { SmbExport, SmbIntent } from '../schema.ts'

export interface Revoked {
  /** Connections of these people to this export are cut. */
  connections: { share: string; users: string[] }[]
  /** Everything of these people is cut: their password changed, or the account is gone. */
  users: string[]
}

/** Whose open connections may do more than what is decided now. */
export function revokedBetween(before: SmbIntent, after: SmbIntent): Revoked {
  const nowByName = new Map(after.exports.map(each => [keyOf(each), each]))
  const connections = before.exports.flatMap(was => {
    const users = lostRight(was, nowByName.get(keyOf(was)))
    return users.length > 0 ? [{ share: was.name, users }] : []
  })
  const hashes = new Map(after.accounts.map(({ name, ntHash }) => [name, ntHash]))
  const users = before.accounts
    .filter(({ name, ntHash }) => hashes.get(name) !== ntHash)
    .map(({ name }) => name)
  return { connections, users }
}

function lostRight(was: SmbExport, now: SmbExport | undefined): string[] {
  const readable = new Set(now?.isAvailable ? [...now.readers, ...now.writers] : [])
  const writable = new Set(now?.isAvailable ? now.writers : [])
  return [
    ...was.writers.filter(user => !writable.has(user)),
    ...was.readers.filter(user => !readable.has(user)),
  ]
}

function keyOf({ kind, pool, name }: SmbExport): string {
  return `${kind}/${pool}/${name}`
}
