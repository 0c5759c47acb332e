import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { run } from '../../lib/run.ts'
import { mountOptionsIn } from '../parse/mount-options.ts'
import { absenceOf, type Place, placesOf } from '../plan/places.ts'
import { tunedPoolName } from '../schema/index.ts'
import { diskKeys } from './disk-keys.ts'
import { makeSwap } from './swap.ts'
import { expand, isThere } from './sysfs.ts'
import { writeText } from './write-text.ts'

export interface Here {
  /** `/` but in tests. */
  root: string
  /** What is mounted here is a pool; no other mount is touched, and none at all where it is left out. */
  poolsDir?: string
}

/** The settings that this machine has, by name: what no place stands for, nobody can set. */
export async function placesHere(here: Here): Promise<Place[]> {
  const { root } = here
  const names = (await orGone(readdir(join(root, '/sys/block')))) ?? []
  const keys = await diskKeys(root, names)
  const disks = names.map(name => ({ name, key: keys[name] ?? name }))
  const paths = [...(await policyFiles(root)), ...(await expand(root, '/sys/block/zram*/disksize'))]
  return placesOf({ paths, disks, pools: await mountedPools(here) })
}

/** How it is now. Null: it is not there. */
export async function readPlace(root: string, place: Place): Promise<string | null> {
  const textOf = await textsOf(root, place)
  return textOf === undefined ? null : place.read(textOf)
}

async function textsOf(root: string, { paths }: Place): Promise<((path: string) => string) | undefined> {
  const texts = new Map<string, string>()
  for (const path of paths) {
    const text = await orGone(readFile(join(root, path), 'utf8'))
    if (text === undefined) return undefined
    texts.set(path, text)
  }
  return texts.size === 0 ? undefined : path => texts.get(path) ?? ''
}

/** Sets it, and makes sure that the kernel took it: some values it bends without a word. */
export async function writePlace(root: string, place: Place, value: string): Promise<void> {
  if (place.swapAfter) await setSwap(root, place, value)
  else await writeTexts(root, place, value)
  const now = await readPlace(root, place)
  if (now === value) return
  const message = `${place.name} was set to ${value}, and is ${now ?? 'not there'}.`
  throw new Failure('conflict', 'tuning/not-taken', message)
}

async function setSwap(root: string, place: Place, value: string) {
  const textOf = await textsOf(root, place)
  const wanted = textOf && place.swapAfter?.(value, textOf)
  if (!wanted) throw new Failure('unavailable', 'tuning/not-here', absenceOf(place))
  await makeSwap(root, wanted)
}

async function writeTexts(root: string, place: Place, value: string) {
  for (const [path, text] of place.write(value)) {
    if (place.isMount) await remount(join(root, path), path, text)
    else await writeText(join(root, path), path, text)
  }
}

/** mount(8) keeps what the mount has and is not named here, `ro` and `nosuid` too. */
async function remount(place: string, path: string, option: string) {
  const { code, stderr } = await run(['mount', '-o', `remount,${option}`, place], {
    // 1: called wrongly, 32: refused.
    expected: [1, 32],
    timeoutMs: 120_000,
  })
  if (code === 0) return
  const message = `${path} could not be mounted with ${option} (${stderr.trim().split('\n')[0]}).`
  throw new Failure('unavailable', 'tuning/not-remounted', message)
}

async function mountedPools({ root, poolsDir }: Here): Promise<{ name: string; path: string }[]> {
  if (poolsDir === undefined) return []
  const text = (await orGone(readFile(join(root, '/proc/self/mountinfo'), 'utf8'))) ?? ''
  return [...mountOptionsIn(text).keys()].flatMap(path => {
    const name = basename(path)
    return path === join(poolsDir, name) && tunedPoolName.safeParse(name).success ? [{ name, path }] : []
  })
}

async function orGone<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'ENXIO', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

/** The files of the processor's clock; of every core, or of all together. */
async function policyFiles(root: string): Promise<string[]> {
  const paths = await Promise.all(
    ['scaling_governor', 'energy_performance_preference'].map(file =>
      expand(root, `/sys/devices/system/cpu/cpufreq/policy*/${file}`),
    ),
  )
  const there = await Promise.all(
    paths.flat().map(async path => ((await isThere(join(root, path))) ? [path] : [])),
  )
  return there.flat()
}
