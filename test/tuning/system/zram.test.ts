import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { silentLog } from '../../../appliance/lib/log.ts'
import { createApplying } from '../../../appliance/tuning/system/applying.ts'
import { tempFolder } from '../../helpers/temp.ts'

const device = '/sys/block/zram0'
const said = (path: string) => readFileSync(path, 'utf8').trim()
const size = () => said(`${device}/disksize`)
const algorithm = () => /\[(.+)\]/.exec(said(`${device}/comp_algorithm`))?.[1]
const isSwap = () => said('/proc/swaps').includes('/dev/zram0 ')

/** What this machine has is to be made by a test only where nobody has made any. */
function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'root'
  if (!existsSync(`${device}/disksize`) || size() !== '0') return 'an idle zram device'
  if (said('/proc/swaps').includes('/dev/zram')) return 'no compressed memory of somebody else’s'
  return existsSync('/usr/sbin/mkswap') || existsSync('/sbin/mkswap') ? undefined : 'mkswap'
}

const need = missing()
const zramTest = (title: string, run: (t: ExecutionContext) => Promise<void>) =>
  need === undefined ? test.serial(title, run) : test.serial.skip(`${title} (needs ${need})`, run)

async function applyingHere(t: ExecutionContext) {
  t.teardown(() => {
    if (isSwap()) execFileSync('swapoff', ['/dev/zram0'])
    writeFileSync(`${device}/reset`, '1')
  })
  return createApplying({ root: '/', folder: await tempFolder(t), log: silentLog })
}

const megabytes = (count: number) => String(count * 1024 ** 2)

zramTest('compressed memory is made, made anew with another size or method, and goes again', async t => {
  const applying = await applyingHere(t)
  const before = algorithm()
  await applying.apply([{ name: 'zram.size', value: megabytes(64) }])
  t.true(isSwap())
  t.is(size(), megabytes(64))
  t.is(algorithm(), before)
  await applying.apply([
    { name: 'zram.size', value: megabytes(32) },
    { name: 'zram.algorithm', value: 'lz4' },
  ])
  t.true(isSwap())
  t.is(size(), megabytes(32))
  t.is(algorithm(), 'lz4')
  t.like(await applying.applied(), [
    { name: 'zram.size', found: 'none', value: megabytes(32) },
    { name: 'zram.algorithm', found: before, value: 'lz4' },
  ])
  t.like(await applying.revert(['zram.algorithm']), { failed: [] })
  t.true(isSwap())
  t.is(algorithm(), before)
  t.like(await applying.revert(null), { reverted: ['zram.size'], failed: [] })
  t.false(isSwap())
  t.is(size(), '0')
})

zramTest('it goes when the agent stops, and is there again when it starts', async t => {
  const applying = await applyingHere(t)
  await applying.apply([{ name: 'zram.size', value: megabytes(64) }])
  await applying.keep(['zram.size'])
  await applying.rest()
  t.false(isSwap())
  t.like(await applying.renew('all'), { renewed: ['zram.size'], failed: [] })
  t.true(isSwap())
  await applying.revert(null)
  t.false(isSwap())
})

zramTest('a method that the kernel does not know leaves everything as it was', async t => {
  const applying = await applyingHere(t)
  await applying.apply([{ name: 'zram.size', value: megabytes(64) }])
  await t.throwsAsync(applying.apply([{ name: 'zram.algorithm', value: 'middle-out' }]), {
    message: /does not know how to compress by middle-out; .* The settings of this group are as they were\./,
  })
  t.true(isSwap())
  t.is(size(), megabytes(64))
  for (const value of ['1000', '67108865', '-1', 'all'])
    await t.throwsAsync(applying.apply([{ name: 'zram.size', value }]), { code: 'tuning/not-applied' })
  t.is(size(), megabytes(64))
})
