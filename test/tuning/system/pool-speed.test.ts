import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { run } from '../../../appliance/lib/run.ts'
import { measurePool, probePool } from '../../../appliance/tuning/system/pool-speed.ts'
import { testIf } from '../../helpers/needs.ts'
import { tempFolder } from '../../helpers/temp.ts'

const never = new AbortController().signal

testIf('root')('a pool that is mounted is measured, and nothing stays behind', async t => {
  const poolsDir = await tempFolder(t)
  const place = join(poolsDir, 'pool')
  await mkdir(place)
  await run(['mount', '-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', place])
  t.teardown(() => run(['umount', '--lazy', place]))
  await writeFile(join(place, '.cairn-measuring'), 'left by a crash')
  const speed = await measurePool({ poolsDir, pool: 'pool', signal: never })
  t.true((speed?.writeMbPerSecond ?? 0) > 1)
  t.true((speed?.fsyncMs.p99 ?? -1) >= (speed?.fsyncMs.median ?? 0))
  t.truthy(await probePool({ poolsDir, pool: 'pool', signal: never }))
  t.deepEqual(await readdir(place), [])
})

testIf('root')('a pool that is nearly full is left alone', async t => {
  const poolsDir = await tempFolder(t)
  const place = join(poolsDir, 'pool')
  await mkdir(place)
  await run(['mount', '-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', place])
  t.teardown(() => run(['umount', '--lazy', place]))
  t.is(await measurePool({ poolsDir, pool: 'pool', signal: never }), null)
  t.deepEqual(await readdir(place), [])
})

testIf('root')('below the mount point of a pool that is away nothing is written', async t => {
  const poolsDir = await tempFolder(t)
  await mkdir(join(poolsDir, 'pool'), { mode: 0o000 })
  t.is(await measurePool({ poolsDir, pool: 'pool', signal: never }), null)
  t.deepEqual(await readdir(join(poolsDir, 'pool')), [])
})

test('a pool that there is not has no speed', async t => {
  const poolsDir = await tempFolder(t)
  t.is(await probePool({ poolsDir, pool: 'pool', signal: never }), null)
})
