import type { Entry } from '../../files/index.ts'
import { Failure } from '../../lib/failure.ts'
import { encodePath, escapeText } from '../render/escape.ts'
import { placeText } from '../store/locks.ts'
import type { LockRow } from '../store/migrations.ts'
import type { DavCall } from './call.ts'

export interface LockNeed {
  path: readonly string[]
  /** What lies below changes too: DELETE, MOVE, the target of COPY. */
  isDeep?: boolean
  /** A name appears or disappears in the folder above. */
  changesParent?: boolean
}

/** The locks that cover what is at `path`: its own, and infinite ones above. */
export async function locksOn(call: DavCall, path: readonly string[]): Promise<LockRow[]> {
  return covering(call, path, await call.files.lineage(call.actor, path))
}

async function covering(
  call: DavCall,
  path: readonly string[],
  lineage: readonly Entry[],
): Promise<LockRow[]> {
  const isThere = lineage.length === depthOf(call, path)
  const ids = lineage.flatMap(entry => (entry.id === undefined ? [] : [entry.id]))
  const own = isThere ? lineage.at(-1)?.id : undefined
  return call.locks.covering({ fileId: own ?? 0, above: ids.filter(id => id !== own) })
}

/** The volume's top and one entry for each name in it. */
function depthOf(call: DavCall, path: readonly string[]): number {
  return call.files.locate(call.actor, path).path.length + 1
}

/** Refuses with 423 unless the tokens in hand open every lock that the change meets (RFC 4918, 7). */
export async function requireUnlocked(
  call: DavCall,
  needs: readonly LockNeed[],
  tokens: ReadonlySet<string>,
): Promise<void> {
  if (!call.locks.any()) return
  for (const need of needs) {
    requireOpen(call, await locksOn(call, need.path), tokens)
    if (need.changesParent && need.path.length > 0)
      requireOpen(call, await locksOn(call, need.path.slice(0, -1)), tokens)
    if (need.isDeep) for (const locks of await locksBelow(call, need.path)) requireOpen(call, locks, tokens)
  }
}

/** By the file that they lie on. */
async function locksBelow(call: DavCall, path: readonly string[]): Promise<LockRow[][]> {
  const { volume, path: inside } = call.files.locate(call.actor, path)
  const rows = await call.locks.below(volume, placeText(inside))
  return Object.values(Object.groupBy(rows, row => String(row.fileId))).map(group => group ?? [])
}

/** One token of one's own is enough: an exclusive lock stands alone, of shared ones each holder may write. */
function requireOpen(call: DavCall, locks: readonly LockRow[], tokens: ReadonlySet<string>) {
  const [first] = locks
  if (!first || locks.some(lock => tokens.has(lock.token) && lock.user === call.actor.user)) return
  throw locked(call, 'lock-token-submitted', locks)
}

export function locked(call: DavCall, condition: string, locks: readonly LockRow[]): Failure {
  const hrefs = locks.map(lock => `<d:href>${hrefOf(call, lock)}</d:href>`).join('')
  return new Failure('locked', 'dav/locked', 'It is locked.', {
    details: { condition: `<d:${condition}>${hrefs}</d:${condition}>` },
  })
}

/** Where the one who asks sees the locked file. */
export function hrefOf(call: DavCall, lock: LockRow): string {
  const names = lock.path.split('/').filter(Boolean)
  const path = call.files.pathOf(call.actor, { volume: lock.volume, path: names })
  return escapeText(`${call.mount}/${encodePath(path ?? [])}`)
}
