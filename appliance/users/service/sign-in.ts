import type { KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { parseCookie } from 'cookie'
import type { Actor } from '../../http/route.ts'
import { BoundedMap } from '../../lib/bounded-map.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import { keyedHash, sha256 } from '../../lib/secret.ts'
import { plainAddress } from '../parse/address.ts'
import { type Credentials, parseBasic } from '../parse/basic.ts'
import { isForeignPage, isOwnPage, isSafe } from '../parse/origin.ts'
import type { AppPasswords } from './app-passwords.ts'
import type { PasswordCheck } from './check.ts'
import type { Directory } from './directory.ts'
import { createRemembered, type Identity } from './remembered.ts'
import type { Sessions } from './sessions.ts'

export const cookieName = 'cairn-session'

const passwordKnownForMs = 5 * 60_000
const sessionKnownForMs = 60_000
const refusedForMs = 5 * 60_000
const mostRemembered = 2_000

export interface SignInDeps {
  directory: Directory
  sessions: Sessions
  appPasswords: AppPasswords
  check: PasswordCheck
  events: Events
  clock: Clock
  secretKey: KeyObject
}

export type Authenticate = (request: IncomingMessage) => Promise<Actor | undefined>

/**
 * Who signed the request: Basic with a password or an app password, or a session's cookie. What was checked is
 * remembered for minutes under a keyed hash, so that argon2 and SQL do not run per request, and forgotten in every
 * process as soon as the account's secrets change.
 */
export function createAuthenticate(deps: SignInDeps): Authenticate {
  const { directory, sessions, appPasswords, check, events, clock, secretKey } = deps
  const remembered = createRemembered(clock, mostRemembered)
  // A device that keeps sending an old password is refused without being counted each time.
  const refusedUntil = new BoundedMap<string, number>(mostRemembered)

  const keys = new WeakMap<object, { authorization: string; key: string }>()

  function forget(user: string | null) {
    remembered.forget(user)
    refusedUntil.clear()
  }
  events.on('users/secrets-changed', ({ user }) => forget(user))
  events.on('users/changed', ({ user }) => forget(user))
  events.on('agent/connected', ({ isFirst }) => {
    if (!isFirst) forget(null)
  })

  async function identify(key: string, authorization: string, address: string): Promise<Identity> {
    const since = remembered.generation()
    const credentials = parseBasic(authorization)
    const identity = credentials && (await identityOf(credentials, address))
    if (!identity) {
      if (since === remembered.generation()) refusedUntil.set(key, clock.now() + refusedForMs)
      throw wrong()
    }
    remembered.set(key, identity, { until: clock.now() + passwordKnownForMs, since })
    return identity
  }

  async function identityOf(credentials: Credentials, address: string): Promise<Identity | undefined> {
    const app = await appPasswords.identify(credentials)
    if (app) return app
    const isRight = await check(credentials, address)
    return isRight ? { user: credentials.name, device: 'password' } : undefined
  }

  async function byHeader(request: IncomingMessage, authorization: string): Promise<Actor | undefined> {
    // Browsers send a remembered Basic password along with other sites' requests.
    if (!isSafe(request.method) && isForeignPage(request.headers)) throw foreign()
    const key = keyOf(request.socket, authorization)
    if ((refusedUntil.get(key) ?? 0) > clock.now()) throw wrong()
    const address = plainAddress(request.socket.remoteAddress)
    const identity = remembered.get(key) ?? (await identify(key, authorization, address))
    return actorOf(identity, 'rest', address)
  }

  /** A connection says the same with every request. */
  function keyOf(socket: object, authorization: string): string {
    const last = keys.get(socket)
    if (last?.authorization === authorization) return last.key
    const key = keyedHash(secretKey, authorization)
    keys.set(socket, { authorization, key })
    return key
  }

  async function bySession(request: IncomingMessage, token: string): Promise<Actor | undefined> {
    const key = sha256(token)
    const identity = remembered.get(key) ?? (await recall(key))
    if (!identity) return undefined
    if (!isSafe(request.method) && !isOwnPage(request.headers)) throw foreign()
    return actorOf(identity, 'web', plainAddress(request.socket.remoteAddress))
  }

  async function recall(tokenHash: string): Promise<Identity | undefined> {
    const since = remembered.generation()
    const session = await sessions.recall(tokenHash)
    if (!session) return undefined
    const until = Math.min(clock.now() + sessionKnownForMs, session.expiresAt)
    remembered.set(tokenHash, session.identity, { until, since })
    return session.identity
  }

  function actorOf(identity: Identity, face: Actor['face'], address: string): Actor | undefined {
    const account = directory.account(identity.user)
    return account && { ...identity, role: account.role, face, address }
  }

  return async request => {
    const { authorization, cookie } = request.headers
    if (authorization !== undefined) return byHeader(request, authorization)
    const token = cookie?.includes(cookieName) ? parseCookie(cookie)[cookieName] : undefined
    return token === undefined ? undefined : bySession(request, token)
  }
}

export function wrong(): Failure {
  return new Failure('unauthenticated', 'auth/wrong', 'The name or the password is wrong.')
}

function foreign(): Failure {
  const message =
    'This request came from another site, or from a program that did not say where it came from.'
  return new Failure('forbidden', 'auth/cross-site', message)
}
