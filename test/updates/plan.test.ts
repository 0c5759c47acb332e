import test from 'ava'
import { parseProgress, parseRefusal } from '../../appliance/updates/parse/rauc.ts'
import { compareVersions, isHeldBack, nextNight, requireFit } from '../../appliance/updates/plan/versions.ts'

test('versions are in their order', t => {
  const inOrder = [
    '0.9.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
  ]
  inOrder.push('1.0.0-rc.1', '1.0.0', '1.0.1', '1.2.0', '1.10.0', '2.0.0')
  t.deepEqual(inOrder.toReversed().toSorted(compareVersions), inOrder)
  t.is(compareVersions('1.0.0+one', '1.0.0+two'), 0)
})

test('an update for another machine is refused, and an older one unless it was asked for', t => {
  const fits = (bundle: { version: string; compatible: string }, allowOlder = false) =>
    requireFit({ bundle, version: '1.1.0', compatible: 'cairn-amd64', allowOlder })
  t.notThrows(() => fits({ version: '1.2.0', compatible: 'cairn-amd64' }))
  t.notThrows(() => fits({ version: '1.1.0', compatible: 'cairn-amd64' }))
  t.throws(() => fits({ version: '1.2.0', compatible: 'cairn-rpi' }, true), { code: 'updates/other-machine' })
  t.throws(() => fits({ version: '1.0.9', compatible: 'cairn-amd64' }), { code: 'updates/older' })
  t.notThrows(() => fits({ version: '1.0.9', compatible: 'cairn-amd64' }, true))
})

test('the next night is at three o’clock, today or tomorrow', t => {
  t.is(nextNight(new Date(2026, 4, 1, 2, 59)).getTime(), new Date(2026, 4, 1, 3).getTime())
  t.is(nextNight(new Date(2026, 4, 1, 3, 0)).getTime(), new Date(2026, 4, 2, 3).getTime())
})

test('on trial settings wait, and files do not', t => {
  t.true(isHeldBack({ method: 'post', tag: 'users' }))
  t.true(isHeldBack({ method: 'put', tag: 'shares' }))
  t.false(isHeldBack({ method: 'get', tag: 'shares' }))
  for (const tag of ['files', 'trash', 'versions', 'session', 'updates'])
    t.false(isHeldBack({ method: 'post', tag }), tag)
})

test('what RAUC says', t => {
  t.deepEqual(parseProgress(' 85% Checking slot boot.1 done.'), {
    fraction: 0.85,
    message: 'Checking slot boot.1 done',
  })
  t.is(parseProgress('installing'), undefined)
  const output = `12:00:00 rauc-Message: something
LastError: Failed to verify signature: self-signed certificate
Installing \`/x.raucb\` failed
`
  t.is(parseRefusal(output), 'Failed to verify signature: self-signed certificate')
  t.is(parseRefusal(''), '')
})
