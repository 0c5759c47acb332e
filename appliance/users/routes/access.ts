import type { Actor } from '../../http/route.ts'
import { Failure } from '../../lib/failure.ts'
import { isAppPassword } from '../service/app-passwords.ts'

/** One's own account, or anybody's for an administrator. */
export function requireSelfOrAdmin(actor: Actor, name: string): void {
  if (actor.user === name || actor.role === 'admin') return
  throw new Failure('forbidden', 'auth/admin-only', 'Only an administrator may look after other accounts.')
}

export function requireAdmin(actor: Actor): void {
  if (actor.role === 'admin') return
  throw new Failure('forbidden', 'auth/admin-only', 'Only an administrator may do this.')
}

/**
 * Whoever finds or takes an app password must not outlast its being revoked: it makes no other way in, for nobody.
 */
export function requireMoreThanAppPassword(actor: Pick<Actor, 'device'>): void {
  if (!isAppPassword(actor.device)) return
  const message = 'An app password cannot do this. Sign in with the password of the account.'
  throw new Failure('forbidden', 'auth/app-password', message)
}
