import test from 'ava'
import { countOf, filterOf, searchOf, wantedOf } from '../../appliance/web/activity/filter.ts'
import { isRename, sourceOf, subjectOf, unseenHome } from '../../appliance/web/activity/place.ts'
import type { Activity } from '../../appliance/web/api/journal.ts'
import type { Figures } from '../../appliance/web/api/tuning.ts'
import { broughtWords, kindOfBrought } from '../../appliance/web/box/hardware/brought-words.ts'
import { chartsOf } from '../../appliance/web/box/hardware/charts.ts'
import { valueWords } from '../../appliance/web/box/hardware/value-words.ts'
import {
  selectAll,
  selectOnly,
  selectThrough,
  stepFrom,
  toggle,
} from '../../appliance/web/files/list/selection.ts'
import { freeName, isWithin, pageOf, pathOfPage } from '../../appliance/web/files/path.ts'
import { formatAgo } from '../../appliance/web/kit/format/ago.ts'
import { formatBytes } from '../../appliance/web/kit/format/bytes.ts'
import { dayOf, formatDayHead, startOfDay } from '../../appliance/web/kit/format/day.ts'
import { formatMemory } from '../../appliance/web/kit/format/memory.ts'
import { createPace } from '../../appliance/web/kit/format/pace.ts'
import {
  addMachine,
  changeOf,
  draftOf,
  isChanged,
  machineErrors,
  openToEveryone,
  removeMachine,
  setMachine,
} from '../../appliance/web/nfs/draft.ts'
import { foundFacts } from '../../setup-wizard/measuring/found.ts'

test('sizes are as on the label of a disk', t => {
  t.deepEqual(
    [0, 999, 1000, 48_211, 999_960, 3_600_000_000_000, 12_345_678_901_234].map(bytes =>
      formatBytes(bytes, 'en'),
    ),
    ['0 B', '999 B', '1 KB', '48.2 KB', '1 MB', '3.6 TB', '12.3 TB'],
  )
})

test('times are said as people say them, and older ones as dates', t => {
  const now = new Date('2026-03-10T12:00:00Z')
  const ago = (ms: number) => formatAgo(new Date(now.getTime() - ms), now)
  t.is(ago(10_000), 'now')
  t.is(ago(3 * 60_000), '3 minutes ago')
  t.is(ago(24 * 3_600_000), 'yesterday')
  t.is(ago(40 * 24 * 3_600_000), 'Jan 29')
  t.is(ago(400 * 24 * 3_600_000), 'Feb 3, 2025')
})

test('a pace is the mean of the last seconds, and none as long as nothing moves', t => {
  const pace = createPace()
  pace.add(0, 0)
  t.is(pace.perSecond(), undefined)
  pace.add(4_000, 2_000)
  t.is(pace.perSecond(), 2_000)
  pace.add(4_000, 30_000)
  t.is(pace.perSecond(), undefined)
})

test('Shift selects from where the range began, Ctrl one more or less', t => {
  const order = ['a', 'b', 'c', 'd']
  const range = selectThrough(selectOnly('b'), 'd', order)
  t.deepEqual([...range.names], ['b', 'c', 'd'])
  t.deepEqual([...selectThrough(range, 'a', order).names], ['a', 'b'])
  t.deepEqual([...toggle(range, 'c').names], ['b', 'd'])
  t.deepEqual([...selectAll(range, order).names], order)
})

test('the cursor steps, and stays at the ends', t => {
  const order = ['a', 'b', 'c']
  t.is(stepFrom(null, 1, order), 'a')
  t.is(stepFrom(null, -1, order), 'c')
  t.is(stepFrom('b', 99, order), 'c')
  t.is(stepFrom('a', -1, order), 'a')
  t.is(stepFrom(null, 1, []), undefined)
})

test('any name survives the way into an address and back', t => {
  for (const path of ['/', '/a b', '/50%/ä?#&+', '/a/..b/😀']) t.is(pathOfPage(pageOf(path)), path)
  t.is(pathOfPage('/files/100%'), '/100%')
})

test('the next free name keeps the extension', t => {
  const taken = new Set(['report.pdf', 'report 2.pdf', '.hidden', 'plain'])
  t.is(
    freeName('report.pdf', name => taken.has(name)),
    'report 3.pdf',
  )
  t.is(
    freeName('.hidden', name => taken.has(name)),
    '.hidden 2',
  )
  t.is(
    freeName('plain', name => taken.has(name)),
    'plain 2',
  )
})

test('a folder is within itself and above, not within one whose name only begins alike', t => {
  t.true(isWithin('/a/b', '/a'))
  t.true(isWithin('/a', '/'))
  t.false(isWithin('/ab', '/a'))
})

test('days are told apart where somebody is, over midnight and the change of the clock', t => {
  const now = new Date(2026, 2, 30, 0, 5)
  t.is(formatDayHead(new Date(2026, 2, 30, 0, 1), now), 'Today')
  t.is(formatDayHead(new Date(2026, 2, 29, 23, 59), now), 'Yesterday')
  t.is(formatDayHead(new Date(2026, 2, 28, 12), now), 'Saturday, March 28')
  t.is(formatDayHead(new Date(2025, 11, 31, 12), now), 'Wednesday, December 31, 2025')
  t.is(dayOf(startOfDay(now, 30)), '2026-02-28')
})

test('a filter survives the way into an address and back, and what makes no sense in one is left out', t => {
  const wanted = { actor: 'bob', face: 'smb', folder: '/a b', when: 'days', from: '2026-03-01' } as const
  const back = wantedOf(new URLSearchParams(searchOf(wanted)))
  t.like(back, wanted)
  t.is(countOf(back), 4)
  t.is(filterOf(back, new Date()).from, new Date(2026, 2, 1).toISOString())
  const odd = wantedOf(new URLSearchParams('face=telnet&when=ever&from=soon'))
  t.deepEqual(filterOf(odd, new Date()), {
    actor: undefined,
    device: undefined,
    face: undefined,
    folder: undefined,
  })
})

const moved: Activity = {
  at: '2026-03-01T00:00:00Z',
  actor: 'bob',
  device: null,
  deviceName: null,
  address: null,
  face: 'smb',
  what: 'move',
  kind: 'file',
  id: 1,
  volume: 'share:shared',
  path: '/b.txt',
  treePath: '/shared/b.txt',
  fromVolume: 'share:shared',
  fromPath: '/a.txt',
  size: 1,
}

test('a change says where it was by the names of shares; what nobody may see has no name', t => {
  t.deepEqual(subjectOf(moved), { name: 'b.txt', folder: '/shared', path: '/shared/b.txt' })
  t.is(sourceOf(moved), '/shared/a.txt')
  t.true(isRename(moved))
  t.false(isRename({ ...moved, fromPath: '/sub/b.txt' }))
  t.false(isRename({ ...moved, fromVolume: 'home:bob' }))
  t.like(subjectOf({ ...moved, treePath: null }), { name: 'b.txt', path: undefined })
  t.is(subjectOf({ ...moved, what: 'write', treePath: null, volume: 'home:bob', path: null }).name, undefined)
  t.is(sourceOf({ ...moved, fromVolume: null, fromPath: null }), undefined)
  const gone = { ...moved, treePath: null, volume: null, path: null }
  t.deepEqual(subjectOf(gone), { name: 'a.txt', folder: undefined, path: undefined })
  t.is(unseenHome({ ...moved, volume: 'home:bob', path: null }), 'bob')
  t.is(unseenHome(moved), undefined)
})

const settings = {
  enabled: true,
  clients: ['192.168.1.20', 'laptop.example.org'],
  access: 'read' as const,
  snapshots: false,
  path: '/shared',
  mounts: { linux: '', macos: '' },
  unknownNames: [],
  problem: null,
}

test('what is said of a machine is found at its line, past those that are empty or were removed', t => {
  const { draft, id } = addMachine(removeMachine(draftOf(settings), 0))
  const { draft: longer, id: last } = addMachine(draft)
  const written = setMachine(longer, last, ' 10.0.0.300 ')
  t.deepEqual(changeOf(written, settings).clients, ['laptop.example.org', '10.0.0.300'])
  t.deepEqual(machineErrors(written, { 'clients.1': 'no address' }), new Map([[last, 'no address']]))
  t.deepEqual(machineErrors(written, { clients: 'too many' }), new Map([[1, 'too many']]))
  t.is(machineErrors(written, { access: 'unknown' }), undefined)
  t.is(new Set([0, 1, id, last]).size, 4)
})

test('an empty line changes nothing, the last one stays, and switching off keeps the list as it was saved', t => {
  const draft = draftOf(settings)
  t.false(isChanged(addMachine(draft).draft, settings))
  const none = removeMachine(removeMachine(draft, 0), 1)
  t.deepEqual(
    none.machines.map(({ text }) => text),
    [''],
  )
  t.true(isChanged(none, settings))
  const off = { ...setMachine(draft, 0, 'nonsense'), isEnabled: false }
  t.like(changeOf(off, settings), { enabled: false, clients: settings.clients })
})

test('whatever lets in everybody is asked about, however it is written', t => {
  const open = ['*', '0.0.0.0/0', '::/0', '192.168.1.7/00', '0.0.0.0/0.0.0.0']
  t.deepEqual(openToEveryone([...open, '192.168.1.0/24', '10.0.0.0/8', 'fd00::/10', '10.0.0.0']), open)
})

test('memory is told in powers of two, as it is sold', t => {
  t.deepEqual(
    [0, 4096, 869_269_504, 8 * 1024 ** 3, 64 * 1024 ** 3].map(bytes => formatMemory(bytes, 'en')),
    ['0 bytes', '4 KB', '829 MB', '8 GB', '64 GB'],
  )
})

test('the values of settings are told as people read them', t => {
  const words = (name: string, value: string) => valueWords(name, value, 'en')
  t.is(words('vm.dirty', '20%'), '20 %')
  t.is(words('vm.dirty-background', '289406976'), '276 MB')
  t.is(words('net.tcp-wmem', '4096 16384 6291456'), '4 KB, 16 KB, 6 MB')
  t.is(words('disk.8e3bd331.read-ahead', '4096'), '4 MB')
  t.is(words('samba.signing', 'HMAC-SHA256,AES-128-GMAC'), 'HMAC-SHA256, AES-128-GMAC')
  t.is(
    words('tls.ciphers', 'TLS_AES_128_GCM_SHA256,TLS_CHACHA20_POLY1305_SHA256'),
    'AES-128-GCM, ChaCha20-Poly1305',
  )
  t.is(words('vm.swappiness', '180'), '180')
  t.is(words('zram.size', 'none'), 'none')
})

test('what was measured is told as somebody would tell a neighbour', t => {
  const t_ = ((key: string, values: object = {}) =>
    [key.split('.').at(-1), ...Object.values(values)].join(' ')) as never
  const pools = [{ name: 'tank', writeMbPerSecond: 130.4, fsyncMs: { median: 8.25, p99: 40 } }]
  const figures = {
    pools,
    ciphers: { aes128gcm: 90, aes256gcm: 80, chacha20poly1305: 310, aes128gmac: 1, hmacSha256: 1 },
    compression: [{ level: 3, mbPerSecond: 200, ratio: 2.5 }],
  } as Figures
  const settings = (to: string) => [{ name: 'pool.tank.compression', to }] as never
  t.deepEqual(foundFacts(t_, 'en', { measurements: figures, settings: settings('zstd:3') }), [
    ['pool tank', 'writes 130 asFastAsNetwork 1 safeAfter 8.3'],
    ['space', 'packs 40'],
    ['encrypting', 'encrypts 310 asFastAsNetwork 2.5'],
  ])
  const slow = { ...figures, pools: [{ ...pools[0], writeMbPerSecond: 20 }] } as Figures
  t.deepEqual(foundFacts(t_, 'en', { measurements: slow, settings: settings('none') }).slice(0, 2), [
    ['pool tank', 'writes 20 slowerThanNetwork safeAfter 8.3'],
    ['space', 'packsSlower'],
  ])
  const none = { ...figures, pools: [] } as Figures
  t.deepEqual(
    foundFacts(t_, 'en', { measurements: none, settings: [] }).map(([name]) => name),
    ['encrypting'],
  )
  t.deepEqual(foundFacts(t_, 'en', { measurements: null, settings: [] }), [])
})

test('what a group brought is a gain, a loss, or nothing that could be measured', t => {
  const t_ = ((key: string, values: object) => `${key} ${Object.values(values).join(' ')}`) as never
  const words = (median: number, low: number, high: number) => {
    const percent = { median, low, high }
    return [kindOfBrought(percent), broughtWords(t_, percent, 'en')]
  }
  t.deepEqual(words(65.3, 60, 70.6), ['ok', 'hardware.brought.faster 65 60 71'])
  t.deepEqual(words(-4.2, -6, -2), ['warning', 'hardware.brought.slower 4.2 2 6'])
  t.deepEqual(words(3, -12.4, 16), ['off', 'hardware.brought.none -12 +16'])
  t.deepEqual(words(0.5, 0, 1), ['off', 'hardware.brought.none 0 +1'])
})

test('figures become charts; what could not be measured has none, and the level that suits a pool says so', t => {
  const figures: Figures = {
    takenAt: '2026-01-01T00:00:00.000Z',
    machine: 'x',
    tookMs: 1,
    ciphers: { aes128gcm: 3000, aes256gcm: 2500, chacha20poly1305: 1400, aes128gmac: 8000, hmacSha256: 900 },
    hashes: { sha256: 950, blake3: 900, xxh3: 8000, md5: 600 },
    compression: [
      { level: 1, mbPerSecond: 320, ratio: 2 },
      { level: 3, mbPerSecond: 7.26, ratio: 2.5 },
    ],
    memoryMbPerSecond: null,
    loopbackMbPerSecond: null,
    pools: [],
  }
  const t_ = ((key: string, values: Record<string, unknown> = {}) =>
    [key, ...Object.values(values)].join(' ')) as never
  const settings = [{ name: 'pool.tank.compression', to: 'zstd:3' }] as never
  const charts = chartsOf({ t: t_, locale: 'en', figures, settings })
  t.deepEqual(
    charts.map(({ title }) => title),
    ['ciphers', 'checksums', 'compression'].map(name => `hardware.chart.${name}`),
  )
  t.deepEqual(charts[2]?.bars, [
    {
      label: 'hardware.level 1',
      value: 320,
      words: 'hardware.mbPerSecond 320',
      note: 'hardware.packedSize 50',
      isMarked: false,
    },
    {
      label: 'hardware.level 3',
      value: 7.26,
      words: 'hardware.mbPerSecond 7.3',
      note: 'hardware.packedSize 40 · hardware.levelOf tank',
      isMarked: true,
    },
  ])
})
