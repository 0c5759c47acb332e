import test from 'ava'
import { parseAltNames } from '../../appliance/network/parse/alt-names.ts'
import { isGood, isPermitted, permittedFor, wantedNames } from '../../appliance/network/plan.ts'
import { renderAuthority, renderServer } from '../../appliance/network/render.ts'

test('a box is named as people and routers call it, and only where it is private', t => {
  const { names, addresses } = wantedNames('Attic', [
    '192.168.1.5',
    '2001:db8::1',
    'fd00:0:0::7',
    'fe80::1%eth0',
    '8.8.8.8',
    '192.168.1.5',
  ])
  t.is(names[0], 'attic.local')
  for (const name of ['attic', 'attic.lan', 'attic.fritz.box', 'localhost'])
    t.true(names.includes(name), name)
  t.deepEqual(addresses, ['127.0.0.1', '::1', '192.168.1.5', 'fd00::7', 'fe80::1'])
})

test('an authority vouches for nothing that others could have', t => {
  const permitted = permittedFor(['attic', 'attic.local'])
  const names = ['attic', 'nas', 'attic.local', 'example.com', 'evil-local', 'local', 'box', 'x.fritz.box']
  t.deepEqual(isPermitted(permitted, { names, addresses: ['10.1.2.3', '11.0.0.1', 'fc00::1'] }), {
    names: ['attic', 'attic.local', 'local', 'x.fritz.box'],
    addresses: ['10.1.2.3', 'fc00::1'],
  })
})

test('a certificate is good as long as it says what is wanted, and its time is not near', t => {
  const day = 86_400_000
  const wanted = { names: ['a.local', 'a'], addresses: ['10.0.0.1'] }
  const known = { ...wanted, names: ['a', 'a.local'], validFromMs: 0, validUntilMs: 397 * day }
  t.true(isGood(known, wanted, 1))
  t.true(isGood(known, wanted, 366 * day))
  t.false(isGood(known, wanted, 367 * day + 1))
  t.false(isGood(known, { ...wanted, addresses: [] }, 1))
  t.false(isGood(known, { ...wanted, names: ['b.local', 'a'] }, 1))
  // It was made by a clock that was wrong.
  t.false(isGood({ ...known, validFromMs: 5 }, wanted, 1))
  t.false(isGood({ ...known, validFromMs: -day, validUntilMs: 500 * day }, wanted, 1))
})

test('what openssl is told', t => {
  const text = renderAuthority('attic.local (Cairn 1)', {
    domains: ['local'],
    networks: ['10.0.0.0/8', 'fc00::/7'],
  })
  t.regex(text, /^permitted;DNS\.0 = local$/m)
  t.regex(text, /^permitted;IP\.0 = 10\.0\.0\.0\/255\.0\.0\.0$/m)
  t.regex(text, /^permitted;IP\.1 = fc00:0:0:0:0:0:0:0\/fe00:0:0:0:0:0:0:0$/m)
  t.regex(renderServer({ names: ['a.local'], addresses: ['::1'] }), /^DNS\.0 = a\.local$/m)
  t.deepEqual(parseAltNames('DNS:a.local, DNS:a, IP Address:10.0.0.1'), {
    names: ['a.local', 'a'],
    addresses: ['10.0.0.1'],
  })
  t.deepEqual(parseAltNames(undefined), { names: [], addresses: [] })
})
