import { readFileSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { run } from '../../appliance/lib/run.ts'
import { testIf } from '../helpers/needs.ts'
import { type Box, eventually, startBox } from '../storage/box.ts'

const onLoops = testIf('root', 'btrfs')

async function poolOf(box: Box) {
  const [pool] = await box.storage.pools()
  if (!pool) throw new Error('there is no pool')
  return pool
}

const isHealthy = (box: Box) => async () =>
  (await poolOf(box)).state === 'healthy' && !(await poolOf(box)).isScrubbing

async function startPool(t: ExecutionContext, profile: 'single' | 'raid1', count = 2, spares = 0) {
  const box = await startBox(t, { disks: count + spares })
  const serials = await box.serials()
  await box.createPool(profile, serials.slice(0, count))
  await box.storage.createSubvolume('pool', 'shares', 'media')
  return { box, serials, share: join(box.poolsDir, 'pool', 'shares', 'media') }
}

/** Synced files, as an upload leaves them. */
async function upload(share: string, prefix: string, count: number) {
  for (let index = 0; index < count; index++) {
    const file = await open(join(share, `${prefix}-${index}`), 'w')
    try {
      await file.write(contentsOf(prefix, index))
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

function contentsOf(prefix: string, index: number): string {
  return `${prefix} ${index} `.repeat(2000)
}

function requireAll(t: ExecutionContext, share: string, prefix: string, count: number) {
  for (let index = 0; index < count; index++) {
    const found = readFileSync(join(share, `${prefix}-${index}`), 'utf8')
    if (found !== contentsOf(prefix, index)) t.fail(`${prefix}-${index} is damaged`)
  }
  t.pass()
}

const dropCaches = () => writeFile('/proc/sys/vm/drop_caches', '3')

onLoops(
  'a disk pulled under writes loses nothing, is noticed, and is brought up to date when it is back',
  async t => {
    const { box, serials, share } = await startPool(t, 'raid1', 3)
    await upload(share, 'before', 40)
    await box.agent.call('practice/pull', { number: 3 })
    await upload(share, 'during', 80)
    const degraded = await poolOf(box)
    t.is(degraded.state, 'degraded')
    t.is(degraded.lossesSurvived, 0)
    t.like(
      degraded.disks.find(disk => disk.serial === serials[2]),
      { state: 'missing' },
    )
    t.like(
      (await box.storage.disks()).find(disk => disk.serial === serials[2]),
      { state: 'away', use: 'pool', pool: 'pool' },
    )
    const [issue] = (await Promise.all((box.storage.domain.checks ?? []).map(check => check()))).flat()
    t.is(issue?.code, 'storage/pool-degraded')
    t.true(issue?.detail.includes(serials[2] ?? '?') && issue.detail.includes('Cairn practice disk'))
    await dropCaches()
    requireAll(t, share, 'during', 80)

    await box.agent.call('practice/put', { number: 3 })
    await eventually(t, box, 'the pool is healthy again', isHealthy(box))
    const checked = (await box.jobs.list()).find(job => job.kind === 'storage/scrub')
    t.is(checked?.state, 'done')
    // Now the other copies: what the returned disk has must be good by itself.
    await box.agent.call('practice/pull', { number: 1 })
    await dropCaches()
    requireAll(t, share, 'before', 40)
    requireAll(t, share, 'during', 80)
  },
)

onLoops('a pulled disk is replaced by a spare, and is wiped when it comes back', async t => {
  const { box, serials, share } = await startPool(t, 'raid1', 2, 1)
  const [, lost = '', spare = ''] = serials
  await upload(share, 'before', 20)
  await box.agent.call('practice/pull', { number: 2 })
  await upload(share, 'during', 40)
  await replace(t, box, lost, spare)
  const pool = await poolOf(box)
  t.is(pool.state, 'healthy')
  t.false(pool.isReplacing)
  t.deepEqual(
    pool.disks.map(disk => [disk.serial, disk.state]),
    [
      [serials[0], 'ok'],
      [spare, 'ok'],
    ],
  )
  await box.agent.call('practice/put', { number: 2 })
  await eventually(t, box, 'the old disk is empty and free', async () => {
    const disk = (await box.storage.disks()).find(other => other.serial === lost)
    return disk?.contents === 'Empty' && disk.use === 'free'
  })
  await box.agent.call('practice/pull', { number: 1 })
  await dropCaches()
  requireAll(t, share, 'during', 40)
})

onLoops(
  'without a disk the pool starts degraded and serves; after the replacement everything has two copies',
  async t => {
    const { box, serials, share } = await startPool(t, 'raid1', 2, 1)
    await upload(share, 'before', 20)
    await box.agent.call('practice/pull', { number: 2 })
    await box.stop()
    const again = await startBox(t, { folder: box.folder })
    const degraded = await poolOf(again)
    t.is(degraded.state, 'degraded')
    t.is(again.storage.mounted('pool')?.state, 'degraded')
    requireAll(t, share, 'before', 20)
    await run(['fallocate', '--length', '150M', join(share, 'large')])
    await upload(share, 'during', 40)
    t.true((await poolOf(again)).hasUnprotectedData)
    await replace(t, again, serials[1] ?? '', serials[2] ?? '')
    const pool = await poolOf(again)
    t.is(pool.state, 'healthy')
    t.false(pool.hasUnprotectedData)
    await again.stop()
    const last = await startBox(t, { folder: box.folder })
    t.is((await poolOf(last)).state, 'healthy')
    requireAll(t, share, 'during', 40)
  },
)

onLoops('a disk that was away at the start is taken back when it is put back', async t => {
  const { box, share } = await startPool(t, 'raid1', 2)
  await box.agent.call('practice/pull', { number: 2 })
  await box.stop()
  const again = await startBox(t, { folder: box.folder })
  await upload(share, 'during', 20)
  t.is((await poolOf(again)).state, 'degraded')
  await again.agent.call('practice/put', { number: 2 })
  await eventually(t, again, 'the pool is healthy again', isHealthy(again))
  requireAll(t, share, 'during', 20)
})

onLoops('if the pool is in use then, the disk is filled anew, and nothing is cut off', async t => {
  const { box, serials, share } = await startPool(t, 'raid1', 2)
  await upload(share, 'before', 10)
  await box.agent.call('practice/pull', { number: 2 })
  await box.stop()
  const again = await startBox(t, { folder: box.folder })
  const inUse = await open(join(share, 'open'), 'w')
  try {
    await upload(share, 'during', 20)
    await again.agent.call('practice/put', { number: 2 })
    await eventually(t, again, 'the pool is healthy again', async () => {
      const pool = await poolOf(again)
      return pool.state === 'healthy' && !pool.isReplacing && !pool.isScrubbing
    })
    t.deepEqual(
      (await poolOf(again)).disks.map(disk => disk.serial),
      serials,
    )
    await inUse.write('still open')
    await inUse.sync()
  } finally {
    await inUse.close()
  }
  await again.agent.call('practice/pull', { number: 1 })
  await dropCaches()
  requireAll(t, share, 'before', 10)
  requireAll(t, share, 'during', 20)
})

onLoops('a pool without any of its disks is missing, stays in the list, and breaks nothing else', async t => {
  const { box, serials } = await startPool(t, 'single', 1, 1)
  await box.agent.call('practice/pull', { number: 1 })
  await box.stop()
  const again = await startBox(t, { folder: box.folder })
  t.like(await poolOf(again), { name: 'pool', state: 'missing', freeBytes: 0 })
  t.is(again.storage.mounted('pool')?.state, 'missing')
  await t.throwsAsync(again.storage.createSubvolume('pool', 'shares', 'x'), { code: 'storage/pool-away' })
  await t.throwsAsync(again.storage.snapshots.list('pool', 'shares', 'media'), { code: 'storage/pool-away' })
  t.is((await again.storage.disks()).find(disk => disk.serial === serials[1])?.isOffered, true)
  await again.agent.call('practice/put', { number: 1 })
  await eventually(t, again, 'it is back', isHealthy(again))
})

onLoops(
  'a single disk that fails under writes makes the pool read-only, and it recovers when the disk is back',
  async t => {
    const { box, share } = await startPool(t, 'single', 1)
    await upload(share, 'before', 5)
    await box.agent.call('practice/pull', { number: 1 })
    await t.throwsAsync(upload(share, 'during', 50))
    t.not((await poolOf(box)).state, 'healthy')
    await box.agent.call('practice/put', { number: 1 })
    await eventually(t, box, 'the pool is healthy again', isHealthy(box))
    requireAll(t, share, 'before', 5)
  },
)

onLoops('a replacement goes on after a restart', async t => {
  const { box, serials, share } = await startPool(t, 'raid1', 2, 1)
  await run(['dd', 'if=/dev/urandom', `of=${join(share, 'large')}`, 'bs=1M', 'count=150', 'status=none'])
  await box.agent.call('practice/pull', { number: 2 })
  await upload(share, 'during', 10)
  await post(box, 'replace', { from: serials[1] ?? '', to: serials[2] ?? '', confirm: {} })
  // As by kill -9 in the middle: the job never ends, and what was noted stays.
  await box.crash()
  const again = await startBox(t, { folder: box.folder })
  await eventually(t, again, 'the pool is healthy on the new disk', async () => {
    const pool = await poolOf(again)
    return pool.state === 'healthy' && !pool.isReplacing && pool.disks[1]?.serial === serials[2]
  })
  requireAll(t, share, 'during', 10)
})

onLoops('a replacement that cannot be is refused', async t => {
  const { box, serials } = await startPool(t, 'raid1', 2, 1)
  const attempt = (from: string, to: string) => post(box, 'replace', { from, to, confirm: {} })
  await t.throwsAsync(attempt('none', serials[2] ?? ''), { code: 'storage/replace' })
  await t.throwsAsync(attempt(serials[0] ?? '', serials[1] ?? ''), { code: 'storage/disk-in-use' })
  const small = await box.agent.call('practice/add', { sizeBytes: 300 * 1024 ** 2 })
  await t.throwsAsync(attempt(serials[0] ?? '', small.serial), { code: 'storage/replace' })
  const spare = (await box.storage.disks()).find(disk => disk.serial === serials[2])
  await run(['mkfs.ext4', '-q', spare?.path ?? ''])
  await t.throwsAsync(attempt(serials[0] ?? '', serials[2] ?? ''), { code: 'storage/not-confirmed' })
})

onLoops('rot on one disk is mended by a check, and the disk is not blamed for ever', async t => {
  const { box, share } = await startPool(t, 'raid1', 2)
  await run([
    'dd',
    'if=/dev/urandom',
    `of=${join(share, 'large')}`,
    'bs=1M',
    'count=20',
    'conv=fsync',
    'status=none',
  ])
  const disks = await box.agent.call('practice/list', {})
  await run([
    'dd',
    'if=/dev/urandom',
    `of=${disks[1]?.path}`,
    'bs=1M',
    'seek=330',
    'count=100',
    'conv=fsync',
    'status=none',
  ])
  await dropCaches()
  const job = await post(box, 'scrub')
  await box.jobs.finished(job)
  t.is((await box.jobs.get(job)).state, 'done')
  t.is((await poolOf(box)).state, 'healthy')
  t.true((await poolOf(box)).disks.every(disk => disk.errors === 0))
})

/** As the REST interface does it, apart from HTTP. */
async function post(box: Box, what: 'replace' | 'scrub', body?: object): Promise<string> {
  const found = box.storage.domain.routes?.find(({ path }) => path === `/pools/{name}/${what}`)
  if (!found) throw new Error('there is no such route')
  const call = { params: { name: 'pool' }, body }
  const { job } = (await found.handle(call as never)) as { job: string }
  return job
}

async function replace(t: ExecutionContext, box: Box, from: string, to: string) {
  const job = await post(box, 'replace', { from, to, confirm: {} })
  await box.jobs.finished(job)
  const { state, error } = await box.jobs.get(job)
  t.deepEqual([state, error], ['done', null])
}
