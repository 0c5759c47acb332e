import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../lib/failure.ts'
import { run } from '../../lib/run.ts'
import { wordsIn } from '../parse/kernel-text.ts'
import type { CompressedSwap } from '../plan/places.ts'
import { swaps } from '../plan/zram-places.ts'
import { writeText } from './write-text.ts'

/** What is swapped out has to come back first: that takes its time, and needs the memory for it. */
const takesAtMostMs = 120_000
/** Before swap on a disk, which has none or a negative priority of its own. */
const priority = '100'

/**
 * Makes the device anew (admin-guide/blockdev/zram.rst): the size of one that is in use does not change. Without bytes it
 * is only let go of. Where it cannot be made it is as it was before, and was not touched where the method is not known.
 */
export async function makeSwap(root: string, wanted: CompressedSwap): Promise<void> {
  const before = await swapNow(root, wanted)
  try {
    await remake(root, wanted, before.sizeBytes > 0)
  } catch (error) {
    // Where swap could not be let go of, nothing has changed.
    if (!(await isSwap(root, wanted.name))) await restore(root, before)
    throw error
  }
}

/** What made the first one fail is what counts; that this is missing then is found by whoever puts back. */
async function restore(root: string, before: CompressedSwap) {
  try {
    await remake(root, before, false)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
  }
}

async function isSwap(root: string, name: string): Promise<boolean> {
  return new RegExp(`^/dev/${name}\\s`, 'm').test(await readFile(join(root, swaps), 'utf8'))
}

async function remake(root: string, { name, sizeBytes, algorithm }: CompressedSwap, isInUse: boolean) {
  const device = join(root, '/dev', name)
  const write = (file: string, text: string) => {
    const path = `/sys/block/${name}/${file}`
    return writeText(join(root, path), path, text)
  }
  if (isInUse) await swapCommand(['swapoff', device])
  await write('reset', '1')
  await write('comp_algorithm', algorithm)
  if (sizeBytes === 0) return
  try {
    await write('disksize', String(sizeBytes))
    await swapCommand(['mkswap', device])
    await swapCommand(['swapon', '--priority', priority, device])
  } catch (error) {
    await write('reset', '1')
    throw error
  }
}

/** Refuses a method that this kernel does not have, before anything is changed. */
async function swapNow(root: string, { name, algorithm }: CompressedSwap): Promise<CompressedSwap> {
  const read = (file: string) => readFile(join(root, `/sys/block/${name}/${file}`), 'utf8')
  const { chosen, all } = wordsIn(await read('comp_algorithm'))
  if (!all.includes(algorithm)) {
    const message = `This kernel does not know how to compress by ${algorithm}; it knows ${all.join(', ')}.`
    throw new Failure('invalid', 'tuning/bad-value', message)
  }
  const sizeBytes = (await isSwap(root, name)) ? Number(await read('disksize')) : 0
  return { name, sizeBytes, algorithm: chosen ?? algorithm }
}

async function swapCommand(command: [string, ...string[]]) {
  const { code, stderr } = await run(command, { expected: [1, 4, 32, 255], timeoutMs: takesAtMostMs })
  if (code === 0) return
  const message = `Compressed memory could not be set up (${stderr.trim().split('\n')[0] || command.join(' ')}).`
  throw new Failure('unavailable', 'tuning/no-swap', message)
}
