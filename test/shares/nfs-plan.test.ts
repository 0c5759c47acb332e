import test from 'ava'
import { clientForServer, isAmong, parseNfsClient } from '../../appliance/shares/parse/nfs-client.ts'
import { tcpPeers } from '../../appliance/shares/parse/tcp-peers.ts'
import { openToEveryone, planNfsClients } from '../../appliance/shares/plan/nfs-clients.ts'
import { nfsIntentOf } from '../../appliance/shares/plan/nfs-intent.ts'
import { exportAtLine, renderGaneshaConf } from '../../appliance/shares/render/ganesha-conf.ts'
import { nfsMountsOf } from '../../appliance/shares/render/nfs-mounts.ts'

for (const [given, kept] of [
  ['192.168.1.20', '192.168.1.20'],
  ['192.168.1.7/24', '192.168.1.0/24'],
  ['192.168.1.0/255.255.255.0', '192.168.1.0/24'],
  ['10.0.0.1/32', '10.0.0.1'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['*', '*'],
  ['FD00:0:0::1', 'fd00::1'],
  ['fd00::1/64', 'fd00::/64'],
  ['::1/128', '::1'],
  ['::/0', '::/0'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:aaaa:bbff::/57', '2001:db8:aaaa:bb80::/57'],
  ['NAS.lan', 'nas.lan'],
  ['pi', 'pi'],
] as const)
  test(`the NFS client ${given} is kept as ${kept}`, t => {
    const client = parseNfsClient(given)
    t.is(typeof client === 'string' ? client : client.text, kept)
  })

for (const [given, problem] of [
  ['', /Enter an address/],
  ['host;rm -rf', /no host name/],
  ['host\nother(rw)', /no host name/],
  ['"quoted"', /no host name/],
  ['a b', /no host name/],
  ['*.lan', /Patterns/],
  ['@netgroup', /no host name/],
  ['1.2.3', /no address/],
  ['1.2.3.256', /no address/],
  ['010.0.0.1', /no address/],
  ['1.2.3.4.5', /no address/],
  ['10.0.0.0/33', /from 0 to 32/],
  ['10.0.0.0/', /from 0 to 32/],
  ['10.0.0.0/8/8', /from 0 to 32/],
  ['10.0.0.0/255.0.255.0', /from 0 to 32/],
  ['fd00::/129', /from 0 to 128/],
  ['fe80::1%eth0', /zone/],
  ['fd00:::1', /no address/],
  ['name/24', /no address/],
  ['0.0.0.0', /nobody/],
  ['0.0.0.0/32', /nobody/],
  ['::', /nobody/],
  ['::ffff:0.0.0.0', /nobody/],
  ['0x7f.1', /no address/],
  ['nas.1', /no address/],
  ['fd00::/112', /end at \/99/],
  ['-nas', /no host name/],
  [`${'x'.repeat(64)}.lan`, /no host name/],
  ['y'.repeat(300), /At most 253/],
] as const)
  test(`the NFS client ${JSON.stringify(given).slice(0, 30)} is refused in words`, t => {
    const client = parseNfsClient(given)
    t.regex(typeof client === 'string' ? client : `kept as ${client.text}`, problem)
  })

test('of clients that are there twice, or part of another one, the field is named', t => {
  const problems = (...given: string[]) => planNfsClients(given).problems.map(({ index }) => index)
  t.deepEqual(problems('10.0.0.1', '10.0.0.2', 'nas', 'fd00::1'), [])
  t.deepEqual(problems('10.0.0.1', '10.0.0.1/32'), [1])
  t.deepEqual(problems('NAS', 'nas'), [1])
  t.deepEqual(problems('10.0.0.0/8', '10.1.0.0/16'), [1])
  t.deepEqual(problems('10.1.0.0/16', 'x y', '10.0.0.0/8'), [1, 2])
  t.deepEqual(problems('*', 'nas'), [1])
  t.deepEqual(problems('0.0.0.0/0', '::/0'), [])
  t.deepEqual(problems('10.0.0.0/9', '10.128.0.0/9'), [])
  t.deepEqual(problems('fd00::/64', 'fd00::/65'), [1])
  t.deepEqual(problems('fd00::/64', '10.0.0.0/8', 'fd00:0:0:1::/64'), [])
})

test('who lets in everybody is found', t => {
  t.deepEqual(openToEveryone(['10.0.0.0/8', '*']), [1])
  t.deepEqual(openToEveryone(['0.0.0.0/0', '::/0']), [0, 1])
  t.deepEqual(openToEveryone(['nas', '0.0.0.0/1']), [])
})

test('the server is told in the way that it reads', t => {
  t.deepEqual(clientForServer('0.0.0.0/0'), ['0.0.0.0/1', '128.0.0.0/1'])
  t.deepEqual(clientForServer('::/0'), ['0:0:0:0:0:0:0:0/1', '8000:0:0:0:0:0:0:0/1'])
  t.deepEqual(clientForServer('fd00::/64'), ['fd00:0:0:0:0:0:0:0/64'])
  t.deepEqual(clientForServer('fd00::1'), ['fd00:0:0:0:0:0:0:1'])
  t.deepEqual(clientForServer('10.0.0.1'), ['10.0.0.1'])
  t.deepEqual(clientForServer('*'), ['*'])
})

test('an address is one of the clients or not', t => {
  t.true(isAmong('10.1.2.3', ['nas', '10.0.0.0/8']))
  t.true(isAmong('::ffff:10.1.2.3', ['10.0.0.0/8']))
  t.true(isAmong('fd00::5', ['fd00::/64']))
  t.true(isAmong('8.8.8.8', ['*']))
  t.false(isAmong('11.1.2.3', ['10.0.0.0/8', 'fd00::/64']))
  t.false(isAmong('fd01::5', ['10.0.0.0/8', 'fd00::/64']))
  t.false(isAmong('nonsense', ['*']))
})

test('a line of the configuration leads to its export', t => {
  const each = (number: number) =>
    ({
      number,
      path: `/run/${number}`,
      pseudo: `/${number}`,
      access: 'read',
      clients: ['nas'],
      isCovered: true,
    }) as const
  const conf = renderGaneshaConf([each(7), each(9)], places)
  const lineOf = (text: string) => conf.split('\n').findIndex(line => line.includes(text)) + 1
  t.is(exportAtLine(conf, lineOf('/run/7')), 7)
  t.is(exportAtLine(conf, lineOf('Pseudo = "/9"')), 9)
  t.is(exportAtLine(conf, lineOf('NFS_Port')), undefined)
})

const places = { port: 12049, mountPort: null, recovery: '/data/nfs', uid: 2770 }

test('ganesha is told nothing that could be taken for something else', t => {
  const each = {
    number: 1,
    path: '/run/1',
    pseudo: '/Our files',
    access: 'read',
    clients: ['10.0.0.1'],
    isCovered: true,
  } as const
  const conf = renderGaneshaConf([each], places)
  t.regex(conf, /Pseudo = "\/Our files";/)
  t.regex(conf, /Access_Type = NONE;[\s\S]*Clients = 10\.0\.0\.1;\n\t\tAccess_Type = RO;/)
  t.notRegex(conf, /MNT_Port|ThrdMax/)
  t.regex(renderGaneshaConf([each], { ...places, threads: 28 }), /^\tRPC_Ioq_ThrdMax = 28;$/m)
  t.regex(
    renderGaneshaConf([{ ...each, access: 'write' }], { ...places, mountPort: 5 }),
    /MNT_Port = 5;[\s\S]*RW;/,
  )
  t.notRegex(renderGaneshaConf([{ ...each, clients: [] }], places), /CLIENT/)
  for (const path of ['a"b', 'a\nb', 'a\\b'])
    t.throws(() => renderGaneshaConf([{ ...each, path }], places), { message: /cannot be written/ })
})

test("only what is switched on, there and somebody's is exported", t => {
  const one = {
    number: 1,
    kind: 'shares',
    name: 'a',
    isEnabled: true,
    access: 'read',
    clients: ['nas'],
    hasSnapshots: false,
  } as const
  const source = {
    shares: [{ name: 'a', pool: 'pool', state: 'ready' }],
    homes: [{ userName: 'a', pool: 'pool', state: 'orphan' }],
    isAvailable: () => true,
  }
  const numbers = (exports: (typeof one | object)[], changed: object = {}) =>
    nfsIntentOf({ ...source, ...changed, exports: exports as (typeof one)[] }).exports.map(
      ({ number }) => number,
    )
  t.deepEqual(numbers([one]), [1])
  t.deepEqual(numbers([{ ...one, isEnabled: false }]), [])
  t.deepEqual(numbers([{ ...one, name: 'b' }]), [])
  t.deepEqual(numbers([{ ...one, kind: 'homes' }]), [])
  t.deepEqual(numbers([one], { isAvailable: () => false }), [])
  t.deepEqual(numbers([one], { shares: [{ name: 'a', pool: 'pool', state: 'going' }] }), [])
})

test('what to type has the port where it is another one, and quotes where a shell needs them', t => {
  t.deepEqual(nfsMountsOf({ host: 'nas.local', name: 'shared', port: 2049 }), {
    linux:
      'sudo mkdir -p /mnt/shared && sudo mount -t nfs -o vers=4,lookupcache=none nas.local:/shared /mnt/shared',
    macos: 'mkdir -p ~/shared && sudo mount -t nfs -o vers=4,resvport nas.local:/shared ~/shared',
  })
  const { linux, macos } = nfsMountsOf({ host: '[fd00::1]', name: 'Our files', port: 12049 })
  t.is(
    linux,
    "sudo mkdir -p '/mnt/Our files' && sudo mount -t nfs -o vers=4,port=12049,lookupcache=none '[fd00::1]:/Our files' '/mnt/Our files'",
  )
  t.true(macos.endsWith("~/'Our files'"))
})

test("who is connected to the port is read from the kernel's tables", t => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:2F11 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1',
    '   1: 0100007F:2F11 0500000A:0300 01 00000000:00000000 00:00000000 00000000     0        0 1 1',
    '   2: 0100007F:2F11 0500000A:0301 01 00000000:00000000 00:00000000 00000000     0        0 1 1',
    '   3: 0100007F:0050 0600000A:0301 01 00000000:00000000 00:00000000 00000000     0        0 1 1',
    '   4: 0000000000000000FFFF00000100007F:2F11 0000000000000000FFFF00000700000A:0300 01 0 0 0 0 0 1 1',
    '   5: 000000FD000000000000000001000000:2F11 000000FD000000000000000002000000:0300 01 0 0 0 0 0 1 1',
  ].join('\n')
  t.deepEqual(tcpPeers(table, 0x2f11), ['10.0.0.5', '10.0.0.7', 'fd00::2'].sort())
})
