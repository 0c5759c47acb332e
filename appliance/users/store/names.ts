import type { Database } from '../../lib/database.ts'
import { Failure } from '../../lib/failure.ts'
import type { NameKind } from './migrations.ts'

/** Names that mean something to SMB, to our own folders or to smbd's accounts. */
const reserved = new Set([
  ...['global', 'homes', 'printers', 'ipc$', 'print$', 'admin$', 'c$'],
  ...['.', '..', '.cairn', '.snapshots', 'shares', 'snapshots', 'checkpoints', 'index', 'lost+found'],
  ...['root', 'nobody', 'cairn-service'],
  ...['con', 'prn', 'aux', 'nul'],
])

export function isReserved(name: string): boolean {
  return reserved.has(keyOf(name))
}

/**
 * Takes a name in the one namespace of accounts and shares, inside the caller's transaction. `from`: what may hold it so
 * far.
 */
export async function takeName(
  transaction: Database,
  name: string,
  kind: NameKind,
  from: NameKind | 'nobody' = 'nobody',
): Promise<void> {
  const key = keyOf(name)
  if (isReserved(name)) throw refused(name, `The name ${name} is reserved. Choose another one.`)
  const taken = await transaction
    .selectFrom('takenName')
    .select('kind')
    .where('key', '=', key)
    .executeTakeFirst()
  if (taken?.kind === from) return passName(transaction, name, kind)
  if (taken) throw refused(name, sentences[taken.kind](name))
  await transaction.insertInto('takenName').values({ key, kind }).execute()
}

export async function freeName(transaction: Database, name: string): Promise<void> {
  await transaction.deleteFrom('takenName').where('key', '=', keyOf(name)).execute()
}

/** What holds the name changes (an account goes, its home stays), and the name stays taken. */
export async function passName(transaction: Database, name: string, kind: NameKind): Promise<void> {
  await transaction.updateTable('takenName').set({ kind }).where('key', '=', keyOf(name)).execute()
}

const sentences: Record<NameKind, (name: string) => string> = {
  user: name => `There is an account ${name} already.`,
  share: name => `There is a share ${name} already.`,
  home: name =>
    `The files of a former account ${name} are still here. Delete them first, or choose another name.`,
}

function keyOf(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

function refused(name: string, message: string): Failure {
  return new Failure('conflict', 'users/name-taken', message, {
    details: { name, fields: { name: message } },
  })
}
