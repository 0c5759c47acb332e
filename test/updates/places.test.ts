import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { silentLog } from '../../appliance/lib/log.ts'
import { parseRelease } from '../../appliance/updates/parse/release.ts'
import { descriptionAt, mayLead, whyNotAddress } from '../../appliance/updates/plan/addresses.ts'
import { dueAt, isFailingLong, nextLook } from '../../appliance/updates/plan/looks.ts'
import { isInstallingTime, isRestartingTime, whyNotTonight } from '../../appliance/updates/plan/nights.ts'
import { lookupAtHome } from '../../appliance/updates/service/asking.ts'
import { createRounds } from '../../appliance/updates/service/rounds.ts'
import { notesOf } from '../../image/release-notes.ts'
import { checkout, eventually } from '../helpers/cairn.ts'
import { fakeClock } from '../helpers/people.ts'
import { tempFolder } from '../helpers/temp.ts'
import { degraded } from './box.ts'
import { sha256 } from './publisher.ts'

const hour = 3_600_000
const day = 24 * hour

test('updates come over HTTPS, or over HTTP from the network at home', t => {
  const good = [
    'https://example.org',
    'http://10.1.2.3/a/',
    'http://[fd00::1]/',
    'http://nas/',
    'http://a.lan/',
  ]
  for (const address of good) t.is(whyNotAddress(address), null, address)
  const bad = [
    'http://1.1.1.1/',
    'http://[2001:db8::1]/',
    'http://nas.local.example.org/',
    'http://16843009/',
  ]
  for (const address of bad) t.regex(whyNotAddress(address) ?? '', /http is for the network at home/, address)
})

test('HTTPS never leads to HTTP, and HTTP at home never to HTTP elsewhere', t => {
  const led: [from: string, to: string, may: boolean][] = [
    ['https://a.org/', 'https://b.org/', true],
    ['https://a.org/', 'http://192.168.1.5/', false],
    ['http://nas.local/', 'http://192.168.1.5/', true],
    ['http://nas.local/', 'https://b.org/', true],
    ['http://nas.local/', 'http://b.org/', false],
    ['http://nas.local/', 'ftp://nas.local/', false],
  ]
  for (const [from, to, may] of led) t.is(mayLead(new URL(from), new URL(to)), may, `${from} ${to}`)
})

test('a name that sounds like home is not followed elsewhere', async t => {
  const looked = (name: string, all: boolean) =>
    new Promise((resolve, reject) => {
      lookupAtHome(name, { all }, (error, found) => (error ? reject(error) : resolve(found)))
    })
  t.is(await looked('127.0.0.1', false), '127.0.0.1')
  t.deepEqual(await looked('192.168.1.5', true), [{ address: '192.168.1.5', family: 4 }])
  // As a server of names could answer for `nas.local`.
  for (const elsewhere of ['1.1.1.1', '2001:db8::1'])
    await t.throwsAsync(looked(elsewhere, true), { code: 'updates/led-astray' })
})

test('a folder has a description for each target', t => {
  const at = (address: string) => descriptionAt(address, 'cairn-rpi')
  t.is(at('https://a.org'), 'https://a.org/cairn-rpi.json')
  t.is(at('https://a.org/cairn'), 'https://a.org/cairn/cairn-rpi.json')
  t.is(at('https://a.org/cairn/'), 'https://a.org/cairn/cairn-rpi.json')
  t.is(at('https://a.org/mine.json'), 'https://a.org/mine.json')
})

test('looks are a day apart, more or less, and what a wrong clock has planned is not waited for', t => {
  t.is(nextLook(0, 0), 20 * hour)
  t.is(nextLook(0, 1), 28 * hour)
  t.is(dueAt(0, null, 0), hour / 6)
  t.is(dueAt(0, -day, 1), hour / 6 + hour)
  t.is(dueAt(0, 20 * hour, 0), 20 * hour)
  t.is(dueAt(0, 1000 * day, 0), 28 * hour)
})

test('it has failed for long after two weeks of trying', t => {
  t.true(isFailingLong({ failingSince: 0, failures: 14 }, 14 * day))
  t.false(isFailingLong({ failingSince: 0, failures: 13 }, 14 * day - 1))
  // It was off in between.
  t.false(isFailingLong({ failingSince: 0, failures: 2 }, 20 * day))
  t.false(isFailingLong({ failingSince: null, failures: 0 }, 20 * day))
})

test('boxes install spread over the night, and start again at three', t => {
  const at = (hours: number, minutes: number) => new Date(2026, 2, 10, hours, minutes)
  t.deepEqual(
    [at(0, 59), at(1, 0), at(2, 59), at(3, 0)].map(now => isInstallingTime(now, 0)),
    [false, true, true, false],
  )
  t.deepEqual(
    [at(2, 29), at(2, 30)].map(now => isInstallingTime(now, 1)),
    [false, true],
  )
  t.deepEqual([at(2, 59), at(3, 0), at(3, 59), at(4, 0)].map(isRestartingTime), [false, true, true, false])
})

test('a box that is not well, or at work, is left alone in the night', t => {
  const warning = { ...degraded, severity: 'warning' } as const
  const other = { ...warning, code: 'network/no-certificate', title: 'There is no HTTPS' }
  t.is(whyNotTonight({ state: 'warning', issues: [other] }, []), null)
  t.is(whyNotTonight({ state: 'warning', issues: [other, warning] }, []), 'The pool is degraded.')
  t.is(
    whyNotTonight({ state: 'danger', issues: [{ ...other, severity: 'danger' }] }, []),
    'There is no HTTPS.',
  )
  const job = {
    id: 'a',
    kind: 'storage/scrub',
    title: 'Checking the pool',
    fraction: null,
    message: '',
    error: null,
    startedAt: '',
    endedAt: null,
  }
  t.is(whyNotTonight({ state: 'ok', issues: [] }, [{ ...job, state: 'done' }]), null)
  t.is(
    whyNotTonight({ state: 'ok', issues: [] }, [{ ...job, state: 'running' }]),
    'This was under way: Checking the pool.',
  )
})

test('without wanting it nothing is looked for', async t => {
  const clock = fakeClock()
  const inForce = { address: 'https://example.org/' as string | null, isOwn: true, installsAtNight: false }
  let looksDaily = false
  let looks = 0
  let turns = 0
  const rounds = createRounds({
    clock,
    log: silentLog,
    chance: () => 0,
    roundEveryMs: 1,
    facts: () => ({ isPossible: true, version: '1.0.0', isOnTrial: false }),
    sources: { inForce: async () => ({ ...inForce, looksDaily }), decide: async () => undefined },
    looking: {
      now: async () => void looks++,
      plannedAt: async () => null,
      offer: async () => null,
      stop: () => undefined,
      isFailingLong: async () => null,
      shown: async () => ({ lookedAt: null, problem: null, failingSince: null, found: null }),
    },
    nights: {
      turn: async () => void turns++,
      restartAt: async () => null,
      leave: async () => undefined,
      shown: async () => null,
    },
  })
  /** The one that was under way, and one from its beginning. */
  const round = async () => {
    const before = turns
    await eventually(async () => turns >= before + 2)
  }
  await rounds.start()
  t.teardown(() => rounds.stop())
  clock.advance(day)
  await round()
  t.is(looks, 0)
  looksDaily = true
  inForce.address = null
  clock.advance(day)
  await round()
  t.is(looks, 0)
  inForce.address = 'https://example.org/'
  clock.advance(day)
  await round()
  t.is(looks, 1)
})

test('the release stage describes the bundle in a way that boxes understand', async t => {
  const folder = await tempFolder(t)
  const bundle = Buffer.from('a bundle')
  writeFileSync(join(folder, 'cairn-amd64.raucb'), bundle)
  execFileSync(process.execPath, [join(checkout, 'image/release.ts'), 'amd64', '0.1.0+abc', folder])
  const text = readFileSync(join(folder, 'cairn-amd64.json'), 'utf8')
  const { date, notes, ...found } = parseRelease(text, 'https://a.org/cairn-amd64.json', 'cairn-amd64')
  t.deepEqual(found, {
    format: 1,
    target: 'amd64',
    version: '0.1.0+abc',
    bundle: { url: 'cairn-amd64.raucb', sizeBytes: bundle.length, sha256: sha256(bundle) },
  })
  t.regex(date, /^\d{4}-\d\d-\d\d$/)
  t.true(notes.length > 0 && notes.join('').length < 2100)
})

const changelog = `# Changelog

## Unreleased
- Something \`new\`, over
  two lines.
- See [the docs](docs/a.md).

## 1.2.0, 29 March 2026
- One thing.

Thanks to all.

## 1.2.0-rc.1
- An early one.
`

test('notes are those of the version, as plain text, and not too long', t => {
  t.deepEqual(notesOf(changelog, '1.2.0+abc'), ['One thing.'])
  t.deepEqual(notesOf(changelog, '1.3.0'), ['Something new, over two lines.', 'See the docs.'])
  const long = `## 1.0.0\n${'- x'.padEnd(900, 'y')}\n`.repeat(1) + `${'- x'.padEnd(900, 'y')}\n`.repeat(4)
  t.deepEqual(
    notesOf(long, '1.0.0').map(note => note.slice(0, 30)),
    ['x'.padEnd(30, 'y'), 'x'.padEnd(30, 'y'), 'And 3 more, in CHANGELOG.md.'],
  )
  t.is(notesOf(`## 1.0.0\n- ${'z'.repeat(1500)}`, '1.0.0')[0]?.length, 1000)
  t.deepEqual(notesOf('', '1.0.0'), [])
})
