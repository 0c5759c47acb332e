import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { operation } from '../../lib/operation.ts'
import { run } from '../../lib/run.ts'
import { createTurns } from '../../lib/turns.ts'
import { parseAltNames } from '../parse/alt-names.ts'
import { authorityDays, canonical, certificateDays, isGood, isPermitted, permittedFor } from '../plan.ts'
import { renderAuthority, renderServer } from '../render.ts'
import { type CertificateNames, type Credentials, certificateNames, credentials } from '../schema.ts'

export interface CertificateSystemDeps {
  dataDir: string
  clock: Clock
}

/** A key and its certificate in one file, so that they are replaced together. */
const authorityFile = 'authority.pem'
const serverFile = 'server.pem'

/** The key of the box's authority is root's alone: what takes over a server could else vouch for other machines. */
export function createCertificateOperations({ dataDir, clock }: CertificateSystemDeps) {
  const folder = join(dataDir, 'network')
  const inTurn = createTurns()

  async function certificate(wanted: CertificateNames): Promise<Credentials> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const authority = (await readPem(authorityFile)) ?? (await makeAuthority(wanted))
    const allowed = allowedBy(authority.certificate, wanted)
    const known = await readPem(serverFile)
    const server = known && isOf(authority, known, allowed) ? known : await makeServer(allowed)
    return { ...server, authority: authority.certificate }
  }

  function isOf(authority: Pem, server: Pem, wanted: CertificateNames): boolean {
    const [by, is] = [new X509Certificate(authority.certificate), new X509Certificate(server.certificate)]
    if (!is.checkIssued(by) || !is.verify(by.publicKey)) return false
    const { names, addresses } = parseAltNames(is.subjectAltName)
    const dates = { validFromMs: Date.parse(is.validFrom), validUntilMs: Date.parse(is.validTo) }
    return isGood({ names, addresses: addresses.map(canonical), ...dates }, wanted, clock.now())
  }

  async function makeAuthority({ names }: CertificateNames): Promise<Pem> {
    const title = `${names[0] ?? 'cairn'} (Cairn ${randomBytes(3).toString('hex').toUpperCase()})`
    return inScratch(async at => {
      await writeFile(at('config'), renderAuthority(title, permittedFor(names)))
      await makeKey(at('key'))
      await openssl(
        ...['req', '-x509', '-new', '-sha256', '-days', String(authorityDays), '-set_serial', serial()],
        ...['-config', at('config'), '-key', at('key'), '-out', at('certificate')],
      )
      return keep(at, authorityFile)
    })
  }

  async function makeServer(wanted: CertificateNames): Promise<Pem> {
    const authority = join(folder, authorityFile)
    return inScratch(async at => {
      await writeFile(at('config'), renderServer(wanted))
      await makeKey(at('key'))
      await openssl('req', '-new', '-config', at('config'), '-key', at('key'), '-out', at('request'))
      await openssl(
        ...['x509', '-req', '-sha256', '-days', String(certificateDays), '-set_serial', serial()],
        ...['-CA', authority, '-CAkey', authority, '-extfile', at('config'), '-extensions', 'server'],
        ...['-in', at('request'), '-out', at('certificate')],
      )
      return keep(at, serverFile)
    })
  }

  async function inScratch<T>(work: (at: (name: string) => string) => Promise<T>): Promise<T> {
    const scratch = join(folder, 'new')
    await rm(scratch, { recursive: true, force: true })
    await mkdir(scratch, { mode: 0o700 })
    try {
      return await work(name => join(scratch, name))
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }

  async function keep(at: (name: string) => string, name: string): Promise<Pem> {
    const [key, certificate] = await Promise.all([
      readFile(at('key'), 'utf8'),
      readFile(at('certificate'), 'utf8'),
    ])
    const file = await open(at('both'), 'wx', 0o600)
    try {
      await file.writeFile(key + certificate)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(at('both'), join(folder, name))
    return { key, certificate }
  }

  async function readPem(name: string): Promise<Pem | undefined> {
    try {
      const text = await readFile(join(folder, name), 'utf8')
      const [, key, certificate] = pemPattern.exec(text) ?? []
      return key && certificate ? { key, certificate } : undefined
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  return {
    'network/certificate': operation({
      input: certificateNames,
      output: credentials,
      run: wanted => inTurn('certificate', () => certificate(wanted)),
    }),
  }
}

interface Pem {
  key: string
  certificate: string
}

const pemPattern =
  /^(-----BEGIN PRIVATE KEY-----.*-----END PRIVATE KEY-----\n)(-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----\n)$/s

function openssl(...args: string[]) {
  return run(['openssl', ...args])
}

function makeKey(path: string) {
  return openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path)
}

/** Positive, and 20 bytes at most (RFC 5280, 4.1.2.2). */
function serial(): string {
  return `0x${randomBytes(16)
    .toString('hex')
    .replace(/^[89a-f]/, '7')}`
}

/** The authority may have been made when the box had another name: of names that are no more than that, it knows only its own. */
function allowedBy(authority: string, wanted: CertificateNames): CertificateNames {
  const own = /CN=([a-z0-9-]+)/.exec(new X509Certificate(authority).subject)?.[1] ?? ''
  const allowed = isPermitted(permittedFor([own]), wanted)
  if (allowed.names.length > 0) return allowed
  throw new Failure('invalid', 'network/not-permitted', 'names: this box may vouch for none of these.', {
    details: { fields: { names: 'none that is private' } },
  })
}
