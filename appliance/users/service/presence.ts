import type { Actor } from '../../http/route.ts'
import { Failure } from '../../lib/failure.ts'
import { plainAddress } from '../parse/address.ts'
import type { PasswordCheck } from './check.ts'

/**
 * Throws unless this is the caller's own password, entered once more: who finds a browser open must neither take the account
 * over nor do what cannot be undone. `field`: what the caller calls it.
 */
export type RequirePassword = (
  actor: Pick<Actor, 'user'>,
  password: string | undefined,
  address: string | undefined,
  field?: string,
) => Promise<void>

export function createRequirePassword(check: PasswordCheck): RequirePassword {
  return async ({ user }, password, address, field = 'current') => {
    const isRight = password !== undefined && (await check({ name: user, password }, plainAddress(address)))
    if (isRight) return
    const message =
      password === undefined ? 'Enter your present password.' : 'This is not your present password.'
    throw new Failure('invalid', 'users/wrong-current', message, {
      details: { fields: { [field]: message } },
    })
  }
}
