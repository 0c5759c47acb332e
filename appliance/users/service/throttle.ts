import { BoundedMap } from '../../lib/bounded-map.ts'
import type { Clock } from '../../lib/clock.ts'
import { Failure } from '../../lib/failure.ts'
import { networkOf } from '../parse/address.ts'

export interface Attempt {
  /** The password was right: this try does not count, and the address is known for this account. */
  succeeded(): void
}

export interface Throttle {
  /** Counts a try before it is made, so that many at once are many. Throws `throttled` while it is too early. */
  begin(account: string, address: string): Attempt
}

interface Tries {
  count: number
  lastAt: number
}

const freeTries = { account: 5, address: 20 }
const firstDelayMs = 1_000
const longestDelayMs = 5 * 60_000
const forgottenAfterMs = 30 * 60_000
const knownForMs = 30 * 24 * 3_600_000
const mostRemembered = 10_000

/**
 * Ever longer pauses after wrong passwords, per account and per address. An address from which the account has signed
 * in before is counted apart: who guesses elsewhere cannot lock the owner out. Kept in memory, of bounded size.
 */
export function createThrottle(clock: Clock): Throttle {
  const tries = new BoundedMap<string, Tries>(mostRemembered)
  const knownUntil = new BoundedMap<string, number>(mostRemembered)

  function current(key: string): Tries {
    const found = tries.get(key)
    const isFresh = found && clock.now() - found.lastAt < forgottenAfterMs
    return isFresh ? found : { count: 0, lastAt: Number.NEGATIVE_INFINITY }
  }

  function refuseTooEarly(key: string, free: number) {
    const { count, lastAt } = current(key)
    const waitMs = lastAt + delayAfter(count - free) - clock.now()
    if (waitMs > 0) throw tooEarly(Math.ceil(waitMs / 1000))
  }

  const charge = (key: string) => tries.set(key, { count: current(key).count + 1, lastAt: clock.now() })

  function refund(key: string) {
    const { count, lastAt } = current(key)
    if (count <= 1) tries.delete(key)
    else tries.set(key, { count: count - 1, lastAt })
  }

  return {
    begin(account, address) {
      const network = networkOf(address)
      const pair = `${account}@${network}`
      const isKnown = (knownUntil.get(pair) ?? 0) > clock.now()
      const accountKey = isKnown ? `known ${pair}` : `account ${account}`
      const addressKey = `address ${network}`
      refuseTooEarly(accountKey, freeTries.account)
      refuseTooEarly(addressKey, freeTries.address)
      charge(accountKey)
      charge(addressKey)
      return {
        succeeded() {
          if (isKnown) tries.delete(accountKey)
          else refund(accountKey)
          refund(addressKey)
          knownUntil.set(pair, clock.now() + knownForMs)
        },
      }
    },
  }
}

function delayAfter(triesTooMany: number): number {
  return triesTooMany < 0 ? 0 : Math.min(firstDelayMs * 2 ** triesTooMany, longestDelayMs)
}

function tooEarly(retryAfterSeconds: number): Failure {
  const message = `Too many wrong passwords. Try again in ${retryAfterSeconds} s.`
  return new Failure('throttled', 'auth/throttled', message, { details: { retryAfterSeconds } })
}
