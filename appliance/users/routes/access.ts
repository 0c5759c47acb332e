import type { Actor } from '../../http/route.ts'
import { Failure } from '../../lib/failure.ts'

/** One's own account, or anybody's for an administrator. */
export function requireSelfOrAdmin(actor: Actor, name: string): void {
  if (actor.user === name || actor.role === 'admin') return
  throw new Failure('forbidden', 'auth/admin-only', 'Only an administrator may look after other accounts.')
}

export function requireAdmin(actor: Actor): void {
  if (actor.role === 'admin') return
  throw new Failure('forbidden', 'auth/admin-only', 'Only an administrator may do this.')
}
