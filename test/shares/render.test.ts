import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { run } from '../../appliance/lib/run.ts'
import { testparmProblem } from '../../appliance/shares/parse/testparm.ts'
import { smbTuningOf } from '../../appliance/shares/plan/intent.ts'
import { renderGroup, renderPasswd, renderSmbPasswd } from '../../appliance/shares/render/accounts.ts'
import { addressesOf } from '../../appliance/shares/render/addresses.ts'
import { renderSmbConf } from '../../appliance/shares/render/smb-conf.ts'
import { type SmbIntent, type SmbTuning, smbIntent } from '../../appliance/shares/schema.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

const places = {
  folder: '/run/cairn/x/smb',
  sessionNote: '/run/cairn/x/smb-sessions/note',
  poolsDir: '/srv/cairn',
  port: 4450,
}
const intent: SmbIntent = {
  hostName: 'cairn',
  accounts: [
    { name: 'alice', number: 1, displayName: 'Alice Ä', ntHash: 'A'.repeat(32) },
    { name: 'bob', number: 7, displayName: 'Bob', ntHash: 'B'.repeat(32) },
  ],
  exports: [
    {
      kind: 'shares',
      name: 'Our files',
      pool: 'pool',
      isAvailable: true,
      readers: ['bob'],
      writers: ['alice'],
    },
    { kind: 'shares', name: 'nobodys', pool: 'pool', isAvailable: true, readers: [], writers: [] },
    { kind: 'shares', name: 'away', pool: 'gone', isAvailable: false, readers: [], writers: ['bob'] },
    { kind: 'homes', name: 'alice', pool: 'pool', isAvailable: true, readers: [], writers: ['alice'] },
  ],
}

function settingsOf(conf: string, section: string): Map<string, string> {
  const body = conf.split(`[${section}]\n`)[1]?.split('\n[')[0] ?? ''
  return new Map(
    body
      .split('\n')
      .filter(line => line.includes(' = '))
      .map(line => line.trim().split(' = ', 2) as [string, string]),
  )
}

test('a share is rendered with its grants, its place and its snapshots', t => {
  const share = settingsOf(renderSmbConf(intent, places), 'Our files')
  t.is(share.get('path'), '/srv/cairn/pool/shares/Our files')
  t.is(share.get('valid users'), 'alice bob')
  t.is(share.get('read only'), 'yes')
  t.is(share.get('read list'), 'bob')
  t.is(share.get('write list'), 'alice')
  t.is(share.get('force user'), 'cairn-service')
  t.is(share.get('shadow:snapdir'), '/srv/cairn/pool/snapshots/shares/Our files')
  t.is(share.get('available'), 'yes')
  // Above streams_xattr it would keep a stream from being deleted alone.
  t.regex(share.get('vfs objects') ?? '', /streams_xattr.* recycle$/)
  t.is(share.get('recycle:repository'), '.cairn/trash/smb/%U')
})

test('Samba does what the tuning says, and by itself what it says nothing of', t => {
  const lines = (tuning: SmbTuning) => {
    const global = settingsOf(renderSmbConf({ ...intent, tuning }, places), 'global')
    return [...global].filter(([key]) => /multi channel|smb3|^aio/.test(key))
  }
  t.deepEqual(lines({}), [])
  t.deepEqual(
    lines({
      multichannel: 'yes',
      signing: 'HMAC-SHA256,AES-128-GMAC',
      encryption: 'AES-128-GCM,AES-256-CCM',
      async: 'no',
    }),
    [
      ['server multi channel support', 'yes'],
      ['server smb3 signing algorithms', 'HMAC-SHA256, AES-128-GMAC'],
      ['server smb3 encryption algorithms', 'AES-128-GCM, AES-256-CCM'],
      ['aio read size', '0'],
      ['aio write size', '0'],
    ],
  )
  t.deepEqual(lines({ async: 'yes' }), [
    ['aio read size', '1'],
    ['aio write size', '1'],
  ])
})

test('what the tuning took and nobody here knows is left to Samba', t => {
  const taken = { 'samba.signing': 'ROT13', 'samba.async': 'no', 'samba.new': 'x', 'tls.ciphers': 'x' }
  t.deepEqual(smbTuningOf(taken), { async: 'no' })
})

for (const tuning of [
  { multichannel: 'yes\n\tguest ok = yes' },
  { signing: 'HMAC-SHA256\n\tguest ok = yes' },
  { encryption: 'AES-128-GCM,' },
  { async: '1' },
  { 'guest ok': 'yes' },
])
  test(`root refuses an intent with the tuning ${JSON.stringify(tuning)}`, t => {
    t.false(smbIntent.safeParse({ ...intent, tuning }).success)
  })

test('a share for nobody, or whose pool is away, is there but not available', t => {
  const conf = renderSmbConf(intent, places)
  t.is(settingsOf(conf, 'nobodys').get('available'), 'no')
  t.is(settingsOf(conf, 'away').get('available'), 'no')
})

test('smbd gets modern protocols, no guests, no links, no attributes of ours', t => {
  const global = settingsOf(renderSmbConf(intent, places), 'global')
  for (const [key, value] of Object.entries({
    'server min protocol': 'SMB2_10',
    'server signing': 'auto',
    'map to guest': 'never',
    'follow symlinks': 'no',
    'wide links': 'no',
    'veto files': '/.cairn/',
    'ea support': 'no',
    'smb ports': '4450',
    'disable spoolss': 'yes',
  }))
    t.is(global.get(key), value, key)
  t.false(global.has('force user'))
})

test('accounts are rendered for nss_wrapper and for the passdb', t => {
  t.is(
    renderPasswd(intent.accounts, 2770),
    `root:x:0:0:root:/:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
cairn-service:x:2770:2770:Cairn:/:/usr/sbin/nologin
alice:x:27700001:65534:Alice Ä:/:/usr/sbin/nologin
bob:x:27700007:65534:Bob:/:/usr/sbin/nologin
`,
  )
  t.regex(renderGroup(2770), /^cairn-service:x:2770:$/m)
  t.is(
    renderSmbPasswd(intent.accounts).split('\n')[0],
    `alice:27700001:${'X'.repeat(32)}:${'A'.repeat(32)}:[U          ]:LCT-F0000000:`,
  )
})

for (const [what, change] of [
  ['a share name with a line break', { exports: [{ ...intent.exports[0], name: 'a\nroot preexec = x' }] }],
  ['a share name that closes its section', { exports: [{ ...intent.exports[0], name: 'a]' }] }],
  ['a share name that smbd would substitute', { exports: [{ ...intent.exports[0], name: '%H' }] }],
  ['a pool that is a path', { exports: [{ ...intent.exports[0], pool: '../etc' }] }],
  ['a group among the writers', { exports: [{ ...intent.exports[0], writers: ['@root'] }] }],
  ['a shown name with a colon', { accounts: [{ ...intent.accounts[0], displayName: 'x:0:0:' }] }],
  ['a hash that is none', { accounts: [{ ...intent.accounts[0], ntHash: 'x' }] }],
] as const) {
  test(`root refuses an intent with ${what}`, t => {
    t.false(smbIntent.safeParse({ ...intent, ...change }).success)
  })
}

/** What testparm says about it, with Samba's folders in place. */
async function complaintAbout(t: ExecutionContext, change: (conf: string) => string) {
  const folder = await tempFolder(t)
  for (const name of ['lock', 'state', 'cache', 'pid']) await mkdir(join(folder, name))
  const conf = change(renderSmbConf(intent, { ...places, folder }))
  await writeFile(join(folder, 'smb.conf'), conf)
  const { stderr } = await run(['testparm', '-s', join(folder, 'smb.conf')], { expected: [0, 1] })
  return { problem: testparmProblem(stderr, conf), conf }
}

testIf('smbd')('what is rendered is what testparm takes, without a complaint', async t => {
  const { problem } = await complaintAbout(t, conf => conf)
  t.is(problem, undefined)
})

testIf('smbd')('what testparm does not know is found, with its line', async t => {
  const { problem = '', conf } = await complaintAbout(t, text =>
    text.replace('\tguest ok = no', '\tguest ok = no\n\tfoo bar = baz'),
  )
  const line = conf.split('\n').findIndex(each => each.includes('foo bar')) + 1
  t.regex(problem, new RegExp(`foo bar.*line ${line}: foo bar = baz`))
})

test('addresses name the port only where it is not the usual one', t => {
  const parts = { host: 'cairn.local', share: 'media', webOrigin: 'http://cairn.local' }
  t.deepEqual(addressesOf({ ...parts, smbPort: 445 }), {
    windows: '\\\\cairn.local\\media',
    macos: 'smb://cairn.local/media',
    linux: 'smb://cairn.local/media',
    webdav: 'http://cairn.local/webdav/media/',
  })
  t.is(addressesOf({ ...parts, smbPort: 4450 }).linux, 'smb://cairn.local:4450/media')
})
