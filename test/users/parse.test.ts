import test from 'ava'
import { networkOf, plainAddress } from '../../appliance/users/parse/address.ts'
import { parseBasic } from '../../appliance/users/parse/basic.ts'
import { isForeignPage, isOwnPage } from '../../appliance/users/parse/origin.ts'
import { ntHashOf } from '../../appliance/users/service/passwords.ts'
import { basic } from '../helpers/people.ts'

test('Basic credentials: the name ends at the first colon, the rest is the password', t => {
  t.deepEqual(parseBasic(basic('Alice', 'a:b:ü€')), { name: 'alice', password: 'a:b:ü€' })
  t.deepEqual(parseBasic(basic('alice', '')), { name: 'alice', password: '' })
  t.deepEqual(parseBasic('basic  YWxpY2U6eA'), { name: 'alice', password: 'x' })
})

for (const text of [
  '',
  'Basic',
  'Basic ',
  'Basic @@@@',
  'Basic A',
  'Basic Og==',
  'Basic YWxpY2U=',
  'Basic /zph',
  'Basic YWw6YgA=',
  'Digest x',
  `Basic ${'QUFB'.repeat(1000)}`,
]) {
  test(`not Basic credentials: ${JSON.stringify(text.slice(0, 20))}`, t => {
    t.is(parseBasic(text), undefined)
  })
}

test('one peer has one address', t => {
  t.is(plainAddress('::ffff:192.0.2.1'), '192.0.2.1')
  t.is(plainAddress('FE80::1%eth0'), 'fe80::1')
  t.is(plainAddress('192.0.2.1'), '192.0.2.1')
  t.is(plainAddress(undefined), '')
})

test('a network is an IPv4 address or an IPv6 /64', t => {
  t.is(networkOf('192.0.2.1'), '192.0.2.1')
  t.is(networkOf('2001:db8:0:12::5'), '2001:db8:0:12::/64')
  t.is(networkOf('2001:0db8:0000:0012:1:2:3:4'), '2001:db8:0:12::/64')
  t.is(networkOf('::1'), '0:0:0:0::/64')
})

test('our own page is told by Sec-Fetch-Site, or by an Origin like the Host', t => {
  t.true(isOwnPage({ 'sec-fetch-site': 'same-origin' }))
  t.true(isOwnPage({ 'sec-fetch-site': 'none' }))
  t.false(isOwnPage({ 'sec-fetch-site': 'same-site', origin: 'http://a', host: 'a' }))
  t.true(isOwnPage({ origin: 'http://Cairn.local:8080', host: 'cairn.local:8080' }))
  t.false(isOwnPage({ origin: 'http://cairn.local', host: 'cairn.local:8080' }))
  t.false(isOwnPage({ origin: 'null', host: 'cairn.local' }))
  t.false(isOwnPage({ host: 'cairn.local' }))
  t.false(isForeignPage({ host: 'cairn.local' }))
  t.true(isForeignPage({ origin: 'null', host: 'cairn.local' }))
})

// MS-NLMP 4.2.2.1.2
test('the NT hash is the one of the specification', async t => {
  t.is(await ntHashOf('Password'), 'A4F49C406510BDCAB6824EE7C30FD852')
})
