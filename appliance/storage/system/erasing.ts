import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { failureRecord } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { run } from '../../lib/run.ts'
import type { DiskFacts, Signature } from '../schema.ts'
import { wipe } from './btrfs.ts'
import { createDiskReader } from './disks.ts'
import { readManifest } from './finding.ts'
import { backendFor } from './keeper.ts'
import { mountsBelow, unmountPlace } from './mounts.ts'
import { createPracticeDisks } from './practice.ts'

export interface EraserDeps {
  poolsDir: string
  practice: { folder: string; count: number; sizeBytes: number }
  isRoot: boolean
  log: Log
}

export interface DoomedPool {
  name: string
  uuid: string
  serials: readonly string[]
}

/**
 * Erases the disks of pools while nothing runs that could use them: their signatures go, as before a new pool is made, in a
 * moment. What was in the files is not written over. Answers what could not be erased, in words.
 */
export function createEraser({ poolsDir, practice: given, isRoot, log }: EraserDeps) {
  const practice = createPracticeDisks({ ...given, log })
  const hasPractice = given.count > 0

  async function eraseDisks(pools: readonly DoomedPool[]): Promise<string[]> {
    await letGo()
    const isMember = (signatures: readonly Signature[]) =>
      signatures.some(({ type, uuid }) => type === 'btrfs' && pools.some(pool => pool.uuid === uuid))
    const members = (await createDiskReader(async () => [])()).filter(disk => isMember(disk.signatures))
    const outcomes = await Promise.all(members.map(eraseDisk))
    const erased = new Set([
      ...outcomes.flatMap(({ serial, problem }) => (problem === null ? serial : [])),
      ...(hasPractice ? await practice.erase(isMember) : []),
    ])
    const failed = outcomes.flatMap(({ problem }) => problem ?? [])
    const seen = new Set([...erased, ...outcomes.map(({ serial }) => serial)])
    return [...failed, ...pools.flatMap(pool => missingOf(pool, seen))]
  }

  /** What an agent that was killed has left behind. */
  async function letGo() {
    for (const { place } of await mountsBelow(poolsDir))
      await unmountPlace(place, hasPractice ? 'detach' : 'refuse')
    if (hasPractice) await practice.stop()
  }

  async function eraseFolder({ name, uuid }: DoomedPool) {
    const place = join(poolsDir, name)
    if ((await readManifest(place))?.uuid === uuid) await rm(place, { recursive: true })
  }

  return async (pools: readonly DoomedPool[]): Promise<string[]> => {
    if (backendFor(isRoot).kind === 'btrfs') return eraseDisks(pools)
    for (const pool of pools) await eraseFolder(pool)
    return []
  }
}

async function eraseDisk(disk: DiskFacts): Promise<{ serial: string; problem: string | null }> {
  const { serial, model, path } = disk
  try {
    await wipe(disk)
    await run(['blockdev', '--flushbufs', path])
    return { serial, problem: null }
  } catch (error) {
    return { serial, problem: `${model} (${serial}) was not erased: ${failureRecord(error).message}` }
  }
}

/** A disk that was erased before a power cut is among these too: it is not known any more what was on it. */
function missingOf({ name, serials }: DoomedPool, seen: ReadonlySet<string>): string[] {
  return serials
    .filter(serial => !seen.has(serial))
    .map(serial => `The disk ${serial} of the pool ${name} was not found, or was empty already.`)
}
