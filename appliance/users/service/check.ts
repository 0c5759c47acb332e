import type { KeyObject } from 'node:crypto'
import { keyedHash } from '../../lib/secret.ts'
import type { Credentials } from '../parse/basic.ts'
import type { UserStore } from '../store/index.ts'
import type { Passwords } from './passwords.ts'
import type { Throttle } from './throttle.ts'

/** Is this the account's password? Throttled, and as slow for accounts that do not exist. */
export type PasswordCheck = (credentials: Credentials, address: string) => Promise<boolean>

export function createPasswordCheck(deps: {
  store: UserStore
  passwords: Passwords
  throttle: Throttle
  secretKey: KeyObject
}): PasswordCheck {
  const { store, passwords, throttle, secretKey } = deps
  const underWay = new Map<string, Promise<boolean>>()

  async function check({ name, password }: Credentials, address: string): Promise<boolean> {
    const attempt = throttle.begin(name, address)
    const isRight = await passwords.isRight(await store.accounts.passwordHash(name), password)
    if (isRight) attempt.succeeded()
    return isRight
  }

  // A client opens many connections at once: the same question asked meanwhile is one check, and one try.
  return (credentials, address) => {
    const key = keyedHash(secretKey, JSON.stringify([credentials.name, credentials.password, address]))
    const there = underWay.get(key)
    if (there) return there
    const checking = check(credentials, address).finally(() => underWay.delete(key))
    underWay.set(key, checking)
    return checking
  }
}
