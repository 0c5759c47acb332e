import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { silentLog } from '../../appliance/lib/log.ts'
import { run } from '../../appliance/lib/run.ts'
import { createPracticeDisks } from '../../appliance/storage/system/practice.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

const onLoops = testIf('root', 'btrfs')
const sizeBytes = 64 * 1024 ** 2

async function disksIn(t: ExecutionContext, folder: string, count = 2) {
  const disks = createPracticeDisks({ folder, count, sizeBytes, log: silentLog })
  t.teardown(() => disks.stop())
  await disks.start()
  return disks
}

/** How much of a block comes back, past the page cache. */
async function readBlock(path: string): Promise<number> {
  const block = ['bs=4096', 'count=1', 'skip=256', 'iflag=direct', 'status=none']
  return (await run(['dd', `if=${path}`, ...block], { expected: [1] })).stdout.length
}

async function writeBlock(path: string): Promise<boolean> {
  const block = ['if=/dev/zero', 'bs=4096', 'count=1', 'seek=256', 'oflag=direct', 'status=none']
  return (await run(['dd', `of=${path}`, ...block], { expected: [1] })).code === 0
}

async function loopsBelow(folder: string): Promise<string[]> {
  const { stdout } = await run(['losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE'])
  return stdout.split('\n').filter(line => line.includes(folder))
}

onLoops('a practice disk that is pulled fails every read and write until it is put back', async t => {
  const disks = await disksIn(t, await tempFolder(t))
  const [, second] = await disks.list()
  t.truthy(second)
  const path = second?.path ?? ''
  t.deepEqual([await readBlock(path), await writeBlock(path)], [4096, true])
  await disks.pull(2)
  t.deepEqual([await readBlock(path), await writeBlock(path)], [0, false])
  t.is(await readFile(`/sys/block/${path.slice(5)}/size`, 'utf8'), '1\n')
  t.deepEqual(
    (await disks.list()).map(disk => disk.isPulled),
    [false, true],
  )
  await disks.put(2)
  t.deepEqual([await readBlock(path), await writeBlock(path)], [4096, true])
})

onLoops(
  'after a crash the next start takes up what is still attached, and a stop leaves nothing',
  async t => {
    const folder = await tempFolder(t)
    const before = await (await disksIn(t, folder)).list()
    // The first one is never stopped: as after kill -9.
    const after = await disksIn(t, folder)
    t.deepEqual(await after.list(), before)
    t.is((await loopsBelow(folder)).length, 2)
    await after.stop()
    t.deepEqual(await loopsBelow(folder), [])
  },
)

onLoops('a second loop on the same file, from whatever went wrong, is let go', async t => {
  const folder = await tempFolder(t)
  const disks = await disksIn(t, folder, 1)
  await run(['losetup', '--find', join(folder, 'disk-1.img')])
  t.is((await loopsBelow(folder)).length, 2)
  await disks.start()
  t.is((await loopsBelow(folder)).length, 1)
})

onLoops('serials stay the same over restarts, and a pulled disk stays pulled', async t => {
  const folder = await tempFolder(t)
  const first = await disksIn(t, folder)
  const serials = (await first.list()).map(disk => disk.serial)
  await first.pull(1)
  await first.stop()
  const second = await disksIn(t, folder)
  t.deepEqual(
    (await second.list()).map(disk => disk.serial),
    serials,
  )
  t.deepEqual(
    (await second.list()).map(disk => disk.isPulled),
    [true, false],
  )
})

onLoops('disks can be added, of another size too, and numbers that are not there are refused', async t => {
  const disks = await disksIn(t, await tempFolder(t))
  const added = await disks.add(2 * sizeBytes)
  t.is(added.number, 3)
  t.is(added.sizeBytes, 2 * sizeBytes)
  await t.throwsAsync(disks.pull(7), { code: 'practice/missing' })
})

onLoops('the same disks are found through a bind mount of their folder', async t => {
  const folder = await tempFolder(t)
  const elsewhere = await tempFolder(t)
  const before = await (await disksIn(t, folder)).list()
  await run(['mount', '--bind', folder, elsewhere])
  t.teardown(() => run(['umount', elsewhere]))
  const there = createPracticeDisks({ folder: elsewhere, count: 2, sizeBytes, log: silentLog })
  await there.start()
  t.deepEqual(await there.list(), before)
})
