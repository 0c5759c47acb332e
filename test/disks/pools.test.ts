import { spawn } from 'node:child_process'
import { access, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { run } from '../../appliance/lib/run.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'
import { type Box, mebibyte, startBox } from '../storage/box.ts'

const onLoops = testIf('root', 'btrfs')

const pathOf = async (box: Box, serial: string) =>
  (await box.storage.disks()).find(disk => disk.serial === serial)?.path ?? ''

async function diskOf(box: Box, serial: string | undefined) {
  return (await box.storage.disks()).find(disk => disk.serial === serial)
}

onLoops(
  'empty disks are offered, members of a pool are not, and the disk the system runs from never is',
  async t => {
    const box = await startBox(t)
    const serials = await box.serials()
    t.true(
      (await box.storage.disks())
        .filter(disk => disk.isPractice)
        .every(disk => disk.isOffered && disk.contents === 'Empty'),
    )
    await box.createPool('raid1', serials.slice(0, 2))
    t.like(await diskOf(box, serials[0]), { use: 'pool', pool: 'pool', isOffered: false })
    t.like(await diskOf(box, serials[2]), { use: 'free', isOffered: true })
    const system = (await box.storage.disks()).find(disk => !disk.isPractice && disk.use === 'system')
    t.is(system?.isOffered ?? false, false)
  },
)

onLoops('loops that are not ours are not shown', async t => {
  const folder = await tempFolder(t)
  await writeFile(join(folder, 'x.img'), '')
  await run(['truncate', '--size', '300M', join(folder, 'x.img')])
  const path = (await run(['losetup', '--find', '--show', join(folder, 'x.img')])).stdout.trim()
  t.teardown(() => run(['losetup', '--detach', path]))
  const box = await startBox(t, { disks: 1 })
  t.false((await box.storage.disks()).some(disk => disk.path === path))
})

onLoops('nothing on a pool makes anybody root: no setuid, no devices', async t => {
  const box = await startBox(t, { disks: 1 })
  await box.createPool('single')
  const { stdout } = await run(['findmnt', '--noheadings', '--output', 'OPTIONS', join(box.poolsDir, 'pool')])
  t.true(
    ['nosuid', 'nodev'].every(option => stdout.trim().split(',').includes(option)),
    stdout,
  )
})

onLoops('what a disk holds is said, and it is erased only when its serial was typed', async t => {
  const box = await startBox(t, { disks: 2 })
  const serials = await box.serials()
  const [first = '', second = ''] = serials
  await run(['mkfs.ext4', '-q', '-L', 'backup', await pathOf(box, second)])
  t.is((await diskOf(box, second))?.contents, 'ext4 "backup"')
  const request = { name: 'pool', profile: 'raid1' as const, disks: serials }
  const plan = await box.storage.plan(request)
  t.deepEqual(
    plan.confirmations.map(({ serial }) => serial),
    [second],
  )
  t.deepEqual(
    plan.steps.map(step => step.isDestructive),
    [false, true, false, false, false],
  )
  await t.throwsAsync(box.storage.createPool(request), { code: 'storage/not-confirmed' })
  await t.throwsAsync(box.storage.createPool({ ...request, confirm: { [second]: 'yes', [first]: first } }), {
    code: 'storage/not-confirmed',
  })
  t.is((await diskOf(box, second))?.contents, 'ext4 "backup"')
  await box.storage.createPool({ ...request, confirm: { [second]: plan.confirmations[0]?.type ?? '' } })
  t.is((await box.storage.pools())[0]?.state, 'healthy')
})

onLoops('the agent asks for the confirmation itself, whatever the server says', async t => {
  const box = await startBox(t, { disks: 1 })
  const disks = await box.serials()
  await run(['mkfs.ext4', '-q', await pathOf(box, disks[0] ?? '')])
  const createdAt = new Date().toISOString()
  const input = {
    name: 'pool',
    uuid: crypto.randomUUID(),
    profile: 'single' as const,
    disks,
    createdAt,
    pools: [],
    confirm: {},
  }
  await t.throwsAsync(box.agent.call('storage/create-pool', input), { code: 'storage/not-confirmed' })
  await t.throwsAsync(box.agent.call('storage/create-pool', { ...input, fingerprint: 'other' }), {
    code: 'storage/disks-changed',
  })
})

onLoops('a plan is refused when its disks have changed since', async t => {
  const box = await startBox(t, { disks: 2 })
  const request = { name: 'pool', profile: 'raid1' as const, disks: await box.serials() }
  const { fingerprint } = await box.storage.plan(request)
  await run(['mkfs.ext4', '-q', await pathOf(box, request.disks[1] ?? '')])
  const confirm = Object.fromEntries(request.disks.map(serial => [serial, serial]))
  await t.throwsAsync(box.storage.createPool({ ...request, fingerprint, confirm }), {
    code: 'storage/disks-changed',
  })
  await box.agent.call('practice/pull', { number: 2 })
  await t.throwsAsync(box.storage.plan(request), { code: 'storage/disk-in-use' })
  await t.throwsAsync(box.storage.plan({ ...request, disks: ['none'] }), { code: 'storage/disks-changed' })
})

onLoops('what cannot be a pool is refused with a reason', async t => {
  const box = await startBox(t)
  const serials = await box.serials()
  const plan = (profile: 'raid1' | 'raid10' | 'raid5', disks: string[]) =>
    box.storage.plan({ name: 'pool', profile, disks })
  await t.throwsAsync(plan('raid1', serials.slice(0, 1)), { code: 'storage/too-few-disks' })
  await t.throwsAsync(plan('raid10', serials), { code: 'storage/too-few-disks' })
  await t.throwsAsync(plan('raid5', serials), { code: 'storage/unsafe-profile' })
  await t.throwsAsync(plan('raid1', [...serials, ...serials]), { code: 'storage/disk-twice' })
  await box.createPool('raid1', serials.slice(0, 2))
  await t.throwsAsync(plan('raid1', serials), { code: 'storage/name-taken' })
  await t.throwsAsync(box.storage.plan({ name: 'two', profile: 'raid1', disks: serials }), {
    code: 'storage/disk-in-use',
  })
})

onLoops(
  'a pool comes back after a stop and after a crash, and nothing can be written below it while it is away',
  async t => {
    const box = await startBox(t)
    await box.createPool('raid1')
    const place = join(box.poolsDir, 'pool')
    await box.storage.createSubvolume('pool', 'shares', 'media')
    await writeFile(join(place, 'shares', 'media', 'a.txt'), 'kept')
    await box.stop()
    t.is((await stat(place)).mode & 0o777, 0)
    await t.throwsAsync(access(join(place, 'shares')))

    const second = await startBox(t, { folder: box.folder })
    t.is(second.storage.mounted('pool')?.state, 'healthy')
    await access(join(place, 'shares', 'media', 'a.txt'))
    await second.crash()

    const third = await startBox(t, { folder: box.folder })
    t.is(third.storage.mounted('pool')?.state, 'healthy')
    await access(join(place, 'shares', 'media', 'a.txt'))
    await third.stop()
    const { stdout } = await run(['losetup', '--list', '--noheadings', '--output', 'BACK-FILE'])
    t.false(stdout.includes(box.folder))
  },
)

const profiles = [
  { profile: 'single', sizes: [512, 1024, 768] },
  { profile: 'raid1', sizes: [512, 1024, 1536] },
  { profile: 'raid1', sizes: [512, 512, 2048] },
  { profile: 'raid1', sizes: [2048, 512, 512] },
  { profile: 'raid1c3', sizes: [512, 768, 1024, 1024] },
  { profile: 'raid10', sizes: [768, 768, 1024, 1024] },
  { profile: 'raid10', sizes: [768, 768, 768, 768, 1024] },
] as const

for (const { profile, sizes } of profiles) {
  onLoops(`${profile} over ${sizes.join(', ')} MiB really takes as much as the plan says`, async t => {
    const box = await startBox(t, { disks: 1, sizeBytes: sizes[0] * mebibyte })
    for (const size of sizes.slice(1)) await box.agent.call('practice/add', { sizeBytes: size * mebibyte })
    const disks = await box.serials()
    const plan = await box.storage.plan({ name: 'pool', profile, disks })
    await box.createPool(profile, disks)
    const [pool] = await box.storage.pools()
    const taken = await fill(join(box.poolsDir, 'pool'))
    t.log({ plan: plan.usableBytes, live: pool?.usableBytes, taken })
    near(t, plan.usableBytes, taken, 'the plan')
    near(t, pool?.usableBytes ?? 0, taken, 'the live state')
    t.true(((await box.storage.pools())[0]?.freeBytes ?? 0) < 0.03 * taken)
  })
}

/** Within three percent: chunks are whole, and on disks this small that shows. */
function near(t: ExecutionContext, said: number, taken: number, what: string) {
  t.true(Math.abs(said - taken) / taken < 0.03, `${what} says ${said}, and ${taken} fit`)
}

/** Allocates until nothing more fits, without writing. */
async function fill(folder: string): Promise<number> {
  let bytes = 0
  for (let size = 64 * mebibyte, index = 0; size >= mebibyte; index++) {
    const file = join(folder, `fill-${index}`)
    const { code } = await run(['fallocate', '--length', String(size), file], { expected: [1] })
    if (code === 0) bytes += size
    else size /= 4
  }
  await run(['btrfs', 'filesystem', 'sync', folder])
  return bytes
}

for (const stage of ['Making the filesystem', 'Laying out the folders']) {
  onLoops(
    `killed while "${stage}", the next start wipes what is half made, and the pool can be made again`,
    async t => {
      const folder = await tempFolder(t)
      await killedAt(folder, stage)
      const box = await startBox(t, { folder })
      t.deepEqual(await box.storage.pools(), [])
      t.true(
        (await box.storage.disks())
          .filter(disk => disk.isPractice)
          .every(disk => disk.contents === 'Empty' && disk.isOffered),
      )
      await t.throwsAsync(access(join(box.poolsDir, 'pool')))
      await box.createPool('raid1')
      t.is((await box.storage.pools())[0]?.state, 'healthy')
    },
  )
}

function killedAt(folder: string, stage: string): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'creating.ts'), folder, stage], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.once('data', () => child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error(`it ended by itself: ${code}`)),
    )
  })
}
