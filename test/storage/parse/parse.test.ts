import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parseMountinfo } from '../../../appliance/lib/mountinfo.ts'
import { parseErrorStats } from '../../../appliance/storage/parse/error-stats.ts'
import { parseLosetup } from '../../../appliance/storage/parse/losetup.ts'
import { parseLsblk } from '../../../appliance/storage/parse/lsblk.ts'
import { parseReplaceStatus } from '../../../appliance/storage/parse/replace.ts'
import { isCleanScrub, parseScrubStatus } from '../../../appliance/storage/parse/scrub.ts'
import { parseSwaps } from '../../../appliance/storage/parse/swaps.ts'
import { parseWipefs } from '../../../appliance/storage/parse/wipefs.ts'

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', name), 'utf8')

test('lsblk: disks with their sizes and mounts, a device without a place has none', t => {
  const devices = parseLsblk(fixture('lsblk--system-disk-and-loops.json'))
  t.deepEqual(
    devices.map(({ kname, type }) => [kname, type]),
    [
      ['loop0', 'loop'],
      ['loop1', 'loop'],
      ['loop2', 'loop'],
      ['loop3', 'loop'],
      ['zram0', 'disk'],
      ['vda', 'disk'],
    ],
  )
  const system = devices.find(({ kname }) => kname === 'vda')
  t.like(system, { mountpoints: ['/'], size: 274877906944, vendor: '0x1af4', serial: null, children: [] })
  t.deepEqual(devices.find(({ kname }) => kname === 'loop0')?.mountpoints, [])
})

test('lsblk: what is not its output is refused', t => {
  t.throws(() => parseLsblk('{"blockdevices":[{"kname":7}]}'))
  t.throws(() => parseLsblk('lsblk: failed'))
})

test('wipefs: signatures with label and uuid, of several devices', t => {
  const found = parseWipefs(fixture('wipefs--ext4-and-gpt-and-btrfs.json'))
  t.deepEqual(
    found.map(({ type, label }) => [type, label]),
    [
      ['ext4', 'backup'],
      ['gpt', null],
      ['gpt', null],
      ['PMBR', null],
      ['btrfs', 'pool'],
    ],
  )
  t.regex(found.at(-1)?.uuid ?? '', /^[0-9a-f-]{36}$/)
})

test('wipefs: nothing found, and nothing printed, is nothing', t => {
  t.deepEqual(parseWipefs(fixture('wipefs--empty.json')), [])
  t.deepEqual(parseWipefs(''), [])
})

test('losetup: loops with their files by inode', t => {
  const loops = parseLosetup(fixture('losetup--five.json'))
  t.is(loops.length, 5)
  t.true(loops.every(({ device, inode, sizeLimit }) => device === '254:0' && inode > 0 && sizeLimit === 0))
  t.true(loops.some(({ backingFile }) => backingFile.endsWith('/ext4.img')))
  t.deepEqual(parseLosetup(''), [])
})

test('mountinfo: places with a space, options of mount and superblock', t => {
  const [root, pool] = parseMountinfo(fixture('mountinfo--btrfs-with-space.txt'))
  t.like(root, { place: '/', type: 'ext4', source: '/dev/vda' })
  t.true(pool?.place.endsWith('/with space'))
  t.like(pool, { type: 'btrfs', source: '/dev/loop2', root: '/', options: ['rw', 'noatime'] })
  t.true(pool?.superOptions.includes('subvolid=5'))
})

test('swaps: the heading is no swap', t => {
  t.deepEqual(parseSwaps(fixture('swaps--none.txt')), [])
})

test('error_stats: each counter, and none where there is no device', t => {
  t.deepEqual(parseErrorStats(fixture('error-stats--none.txt')), {
    write: 0,
    read: 0,
    flush: 0,
    corruption: 0,
    generation: 0,
  })
  t.is(parseErrorStats(fixture('error-stats--rot.txt')).corruption, 11280)
  t.is(parseErrorStats('').write, 0)
})

test('scrub: finished without a fault is clean, with uncorrectable errors it is not', t => {
  const clean = parseScrubStatus(fixture('scrub-status--clean.txt'))
  t.like(clean, { state: 'finished', bytesScrubbed: 125829120 + 425984 })
  t.true(isCleanScrub(clean))
  const rotten = parseScrubStatus(fixture('scrub-status--uncorrectable.txt'))
  t.is(rotten.counts.uncorrectable_errors, 12328)
  t.false(isCleanScrub(rotten))
  t.false(isCleanScrub(parseScrubStatus('')))
})

test('replace: never started, running, finished', t => {
  t.deepEqual(parseReplaceStatus(fixture('replace-status--never.txt')), { state: 'none' })
  t.deepEqual(parseReplaceStatus(fixture('replace-status--running.txt')), {
    state: 'running',
    fraction: 0.017,
  })
  t.deepEqual(parseReplaceStatus(fixture('replace-status--finished.txt')), { state: 'finished' })
})
