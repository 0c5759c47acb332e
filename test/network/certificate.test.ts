import { X509Certificate } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../../appliance/lib/clock.ts'
import type { OperationContext } from '../../appliance/lib/operation.ts'
import { run } from '../../appliance/lib/run.ts'
import { createCertificateOperations } from '../../appliance/network/system/certificate.ts'
import { tempFolder } from '../helpers/temp.ts'

const context: OperationContext = {
  signal: new AbortController().signal,
  report: () => undefined,
  send: () => undefined,
}
const day = 86_400_000

async function box(t: ExecutionContext) {
  const dataDir = await tempFolder(t)
  let offsetMs = 0
  const operations = createCertificateOperations({
    dataDir,
    clock: { ...systemClock, now: () => Date.now() + offsetMs },
  })
  const ask = (names: string[], addresses: string[] = ['127.0.0.1']) =>
    operations['network/certificate'].run({ names, addresses }, context)
  const verify = async (pem: { authority: string; certificate: string }, host: string) => {
    const at = (name: string) => join(dataDir, name)
    writeFileSync(at('ca'), pem.authority)
    writeFileSync(at('leaf'), pem.certificate)
    return run(
      ['openssl', 'verify', '-x509_strict', '-CAfile', at('ca'), '-verify_hostname', host, at('leaf')],
      {
        expected: [2],
      },
    )
  }
  return { dataDir, ask, verify, later: (ms: number) => (offsetMs += ms) }
}

test('a certificate is made once, verifies by its authority alone, and its keys are for nobody else to read', async t => {
  const { dataDir, ask, verify } = await box(t)
  const first = await ask(['attic.local', 'attic'])
  t.deepEqual(await ask(['attic.local', 'attic']), first)
  t.is((await verify(first, 'attic.local')).code, 0)
  t.is((await verify(first, 'attic')).code, 0)
  t.is((await verify(first, 'other.local')).code, 2)
  const folder = join(dataDir, 'network')
  t.deepEqual(readdirSync(folder).sort(), ['authority.pem', 'server.pem'])
  t.is(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) t.is(statSync(join(folder, name)).mode & 0o777, 0o600)
  const authority = new X509Certificate(first.authority)
  t.true(authority.ca)
  t.regex(authority.subject, /CN=attic\.local \(Cairn [0-9A-F]{6}\)/)
})

test('another name, another address, or the end of its time: it is made anew by the same authority', async t => {
  const { ask, verify, later } = await box(t)
  const first = await ask(['attic.local', 'attic'])
  const renamed = await ask(['cellar.local', 'cellar'])
  t.is(renamed.authority, first.authority)
  t.not(renamed.certificate, first.certificate)
  t.is((await verify(renamed, 'cellar.local')).code, 0)
  // The authority may not vouch for a bare name that is not its own.
  t.is(new X509Certificate(renamed.certificate).subjectAltName, 'DNS:cellar.local, IP Address:127.0.0.1')
  const moved = await ask(['cellar.local'], ['127.0.0.1', '192.168.7.7', 'fd00::1'])
  t.regex(new X509Certificate(moved.certificate).subjectAltName ?? '', /192\.168\.7\.7.*FD00:0:0:0:0:0:0:1/i)
  t.is((await verify(moved, 'cellar.local')).code, 0)
  later(360 * day)
  t.deepEqual(await ask(['cellar.local'], ['127.0.0.1', '192.168.7.7', 'fd00::1']), moved)
  later(8 * day)
  t.not((await ask(['cellar.local'], ['127.0.0.1', '192.168.7.7', 'fd00::1'])).certificate, moved.certificate)
})

test('what is public is refused, even if a server asks for it; and openssl would not believe it', async t => {
  const { dataDir, ask, verify } = await box(t)
  await t.throwsAsync(ask(['example.com']), { message: /may vouch for none/ })
  const { authority } = await ask(['attic.local', 'example.com', '10.attic'])
  const pem = join(dataDir, 'network/authority.pem')
  const at = (name: string) => join(dataDir, name)
  await run(
    ['openssl', 'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'].concat([
      ...['-keyout', at('k'), '-out', at('r'), '-subj', '/CN=x', '-addext', 'subjectAltName=DNS:example.com'],
    ]) as [string, ...string[]],
  )
  await run([
    'openssl',
    'x509',
    '-req',
    '-in',
    at('r'),
    '-CA',
    pem,
    '-CAkey',
    pem,
    '-copy_extensions',
    'copy',
    '-out',
    at('c'),
  ])
  const { stdout } = await run(['cat', at('c')])
  const verdict = await verify({ authority, certificate: stdout }, 'example.com')
  t.is(verdict.code, 2)
  t.regex(verdict.stderr, /permitted subtree violation/)
})

test('what is left of a broken attempt is made anew', async t => {
  const { dataDir, ask } = await box(t)
  const first = await ask(['attic.local'])
  writeFileSync(join(dataDir, 'network/server.pem'), 'half of')
  const again = await ask(['attic.local'])
  t.is(again.authority, first.authority)
  t.not(again.certificate, first.certificate)
})
