import test from 'ava'
import { contentsOf, describeDisk } from '../../../appliance/storage/plan/disk.ts'
import { requireConfirmations, textToType } from '../../../appliance/storage/plan/pool.ts'
import type { DiskFacts } from '../../../appliance/storage/schema.ts'

const empty: DiskFacts = {
  serial: 'S1',
  path: '/dev/sda',
  kname: 'sda',
  model: 'Disk',
  sizeBytes: 4e12,
  bus: 'sata',
  isRotational: true,
  isPractice: false,
  isReadOnly: false,
  isAway: false,
  mountpoints: [],
  holders: [],
  mountedUuid: null,
  partitions: 0,
  signatures: [],
}

const uuid = '58158e23-2ab7-4879-8bfa-27aecb4bcf18'
const signature = (type: string, label: string | null = null) => ({ device: 'sda', type, uuid, label })
const pools = [{ name: 'main', uuid, serials: ['S1'] }]

const judged: [what: string, facts: Partial<DiskFacts>, expected: object][] = [
  ['empty', {}, { use: 'free', isOffered: true, reason: null, contents: 'Empty' }],
  ['the system’s', { mountpoints: ['/boot', '/'] }, { use: 'system', isOffered: false }],
  ['swapped to', { mountpoints: ['[SWAP]'] }, { use: 'system', isOffered: false }],
  ['mounted', { mountpoints: ['/mnt/usb'] }, { use: 'mounted', reason: 'It is mounted at /mnt/usb.' }],
  ['of a foreign mounted Btrfs', { mountedUuid: 'other' }, { use: 'mounted', isOffered: false }],
  [
    'under LVM',
    { holders: ['lvm'], signatures: [signature('LVM2_member')] },
    { use: 'foreign', isOffered: false },
  ],
  ['read-only', { isReadOnly: true }, { isOffered: false, reason: 'It is read-only.' }],
  ['too small', { sizeBytes: 1e8 }, { isOffered: false }],
  [
    'holding files',
    { signatures: [signature('ntfs', 'Photos')] },
    { use: 'foreign', isOffered: true, contents: 'NTFS "Photos"' },
  ],
]

for (const [what, facts, expected] of judged) {
  test(`a disk that is ${what}`, t => {
    t.like(describeDisk({ ...empty, ...facts }, [], new Set()), expected)
  })
}

test('a disk of a pool is known by what is on it, and by its serial only while it does not answer', t => {
  const onDisk = { ...empty, serial: 'S9', signatures: [signature('btrfs')] }
  t.like(describeDisk(onDisk, pools, new Set()), { use: 'pool', pool: 'main', isOffered: false })
  t.like(describeDisk({ ...empty, isAway: true }, pools, new Set()), {
    use: 'pool',
    pool: 'main',
    state: 'away',
  })
  t.like(describeDisk(empty, pools, new Set()), { use: 'free', pool: null })
  t.like(describeDisk(empty, [], new Set(['S1'])), { state: 'failing' })
})

test('a partition table is named only when there is nothing in it', t => {
  t.is(contentsOf({ isAway: false, signatures: [signature('gpt'), signature('PMBR')] }), 'A partition table')
  t.is(contentsOf({ isAway: false, signatures: [signature('gpt'), signature('ext4', 'a')] }), 'ext4 "a"')
  t.is(contentsOf({ isAway: true, signatures: [] }), 'Unknown')
})

test('what has to be typed is short and names the disk', t => {
  t.is(textToType('PRACTICE-K3F9A-1'), 'K3F9A-1')
  t.is(textToType('WD-WX12345678'), 'WX12345678')
  t.is(textToType('S3Z9NB0K1234567'), 'K1234567')
  t.is(textToType('ABCD1234'), 'ABCD1234')
  t.is(textToType('7'), '7')
})

test('typing the asked-for text or the whole serial confirms, in any case, and nothing else does', t => {
  const asked = [{ serial: 'WD-WX12345678', model: 'Disk', contents: 'NTFS', type: 'WX12345678' }]
  for (const typed of ['WX12345678', ' wx12345678 ', 'WD-WX12345678'])
    t.notThrows(() => requireConfirmations(asked, { 'WD-WX12345678': typed }))
  for (const typed of ['', 'yes', 'WX1234567', '12345678'])
    t.throws(() => requireConfirmations(asked, { 'WD-WX12345678': typed }), { code: 'storage/not-confirmed' })
  t.throws(() => requireConfirmations(asked, { other: 'WX12345678' }), { code: 'storage/not-confirmed' })
})
