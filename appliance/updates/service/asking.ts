import { lookup } from 'node:dns'
import { type IncomingHttpHeaders, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { LookupFunction } from 'node:net'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { isPrivateAddress } from '../../lib/home-network.ts'
import { mayLead, notSafe } from '../plan/addresses.ts'

export interface Asking {
  signal: AbortSignal
  headers?: Record<string, string>
  /** Only where updates may come from, wherever it is led: HTTPS, or HTTP to what is at home. */
  isGuarded: boolean
  /** For so long nothing may come. */
  silentMs?: number
}

export interface Answered {
  status: number
  headers: IncomingHttpHeaders
  body: IncomingMessage
}

const mostHops = 5
const usualSilentMs = 60_000
const leading = [301, 302, 303, 307, 308]

/**
 * One GET that says nothing of who asks: no name of a program, no cookie, no connection that is kept. The body comes as it
 * lies there, so that a part of it can be asked for. Throws where nobody answers; any status is an answer.
 */
export async function ask(address: string, asking: Asking): Promise<Answered> {
  let url = new URL(address)
  for (let hop = 0; ; hop += 1) {
    const body = await askOnce(url, asking)
    const { statusCode: status = 0, headers } = body
    if (!leading.includes(status) || headers.location === undefined) return { status, headers, body }
    body.destroy()
    url = whereLed(url, headers.location, asking.isGuarded)
    if (hop === mostHops) throw unreachable(`${url.hostname} leads elsewhere again and again`)
  }
}

function whereLed(from: URL, location: string, isGuarded: boolean): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (!to || !['http:', 'https:'].includes(to.protocol)) throw unreachable(`${from.hostname} leads nowhere`)
  if (!isGuarded || mayLead(from, to)) return to
  throw new Failure(
    'unavailable',
    'updates/led-astray',
    `${from.hostname} leads to ${to.origin}; ${notSafe}.`,
  )
}

function askOnce(url: URL, asking: Asking): Promise<IncomingMessage> {
  const { signal, headers = {}, isGuarded, silentMs = usualSilentMs } = asking
  const isPlain = url.protocol === 'http:'
  const options = {
    agent: false,
    signal,
    headers,
    timeout: silentMs,
    ...(isPlain && isGuarded ? { lookup: lookupAtHome } : {}),
  }
  return new Promise((resolve, reject) => {
    const asked = (isPlain ? requestPlain : requestSecure)(url, options, resolve)
    asked.on('timeout', () => asked.destroy(silent(url)))
    asked.on('error', error => reject(signal.aborted ? error : asUnreachable(error, url)))
    asked.end()
  })
}

/** A name that sounds like home may be answered from elsewhere. */
export const lookupAtHome: LookupFunction = (hostName, options, callback) => {
  lookup(hostName, { ...options, all: true }, (error, addresses) => {
    const isElsewhere = addresses?.some(({ address }) => !isPrivateAddress(address)) ?? false
    const astray = new Failure('unavailable', 'updates/led-astray', `${hostName} is not at home; ${notSafe}.`)
    if (error || isElsewhere) callback(error ?? astray, [])
    else if (options.all) callback(null, addresses)
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
  })
}

/** Retried where that helps: so it is told apart from what somebody has answered. */
export class Unreachable extends Failure {}

function asUnreachable(error: Error, url: URL): Failure {
  if (error instanceof Failure) return error
  return unreachable(inWords(errnoOf(error) ?? '', error.message, url.hostname), error)
}

function inWords(code: string, message: string, name: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the name ${name} leads nowhere, as it does while a box is offline`
  if (code === 'ECONNREFUSED') return `${name} takes no connection`
  if (/CERT|SIGNATURE|ALTNAME|ISSUER|ERR_TLS|ERR_SSL|EPROTO/.test(code))
    return `${name} could not show that it is ${name} (${message})`
  if (code === 'ECONNRESET' || code === 'EPIPE') return `${name} broke off`
  return `${name} does not answer (${message})`
}

function silent(url: URL): Failure {
  return unreachable(`${url.hostname} fell silent`)
}

export function unreachable(why: string, cause?: unknown): Failure {
  return new Unreachable('unavailable', 'updates/unreachable', `No answer: ${why}.`, { cause })
}
