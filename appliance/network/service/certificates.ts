import { X509Certificate } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type { Agent } from '../../agent/client.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import type { Log } from '../../lib/log.ts'
import { parseAltNames } from '../parse/alt-names.ts'
import { canonical, renewBeforeMs, wantedNames } from '../plan.ts'
import type { CertificateInfo, CertificateNames, Credentials } from '../schema.ts'

export interface CertificatesDeps {
  agent: Agent
  events: Events
  clock: Clock
  log: Log
  /** The name the box has on the network. */
  hostName(): string
  /** Null: it is not wanted. */
  https: { port: number; isRequired: boolean } | null
  isPlainAllowed(): boolean
}

export interface Certificates {
  /** Asks for one now; undefined where there is none to be had, which is logged. */
  start(): Promise<Credentials | undefined>
  stop(): void
  current(): Credentials | undefined
  /** There is another one. */
  onChanged(listener: (credentials: Credentials) => void): void
  info(): CertificateInfo | undefined
}

/** Addresses come and go without a word to us. */
const lookEveryMs = 60_000
export const authorityPath = '/api/v1/network/authority.crt'

/** The certificate by which this box shows who it is: for its names and addresses as they are now. */
export function createCertificates(deps: CertificatesDeps): Certificates {
  const { agent, events, clock, log, hostName } = deps
  const listeners: ((credentials: Credentials) => void)[] = []
  let current: Credentials | undefined
  let last: { wanted: string; renewAtMs: number } | undefined
  let timer: NodeJS.Timeout | undefined
  let unsubscribe: () => void = () => undefined
  let work: Promise<void> = Promise.resolve()

  async function renew() {
    const wanted = wantedNames(hostName(), ownAddresses())
    const text = JSON.stringify(wanted)
    if (last?.wanted === text && clock.now() < last.renewAtMs) return
    try {
      take(await agent.call('network/certificate', wanted), text)
    } catch (error) {
      log.warn('the certificate for HTTPS could not be had', { error })
    }
  }

  function take(made: Credentials, wanted: string) {
    const { validTo } = new X509Certificate(made.certificate)
    last = { wanted, renewAtMs: Date.parse(validTo) - renewBeforeMs }
    const isSame = current?.certificate === made.certificate
    current = made
    if (!isSame) for (const listener of listeners) listener(made)
  }

  function renewInTurn(): Promise<void> {
    work = work.then(renew)
    return work
  }

  return {
    async start() {
      timer = setInterval(() => void renewInTurn(), lookEveryMs).unref()
      unsubscribe = events.on('system/renamed', () => void renewInTurn())
      await renewInTurn()
      return current
    },
    stop() {
      clearInterval(timer)
      unsubscribe()
    },
    current: () => current,
    onChanged: listener => void listeners.push(listener),
    info() {
      if (!current || !deps.https) return undefined
      const certificate = new X509Certificate(current.certificate)
      const authority = new X509Certificate(current.authority)
      const { names, addresses } = parseAltNames(certificate.subjectAltName)
      return {
        ...deps.https,
        isPlainAllowed: deps.isPlainAllowed(),
        names,
        addresses: addresses.map(canonical),
        validUntil: asIso(certificate.validTo),
        authority: {
          name: /^CN=(.*)$/m.exec(authority.subject)?.[1] ?? '',
          fingerprint: authority.fingerprint256,
          validUntil: asIso(authority.validTo),
          address: authorityPath,
        },
      }
    },
  }
}

function asIso(date: string): string {
  return new Date(date).toISOString()
}

function ownAddresses(): CertificateNames['addresses'] {
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .map(({ address }) => address)
}
