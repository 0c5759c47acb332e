import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '../../lib/durable.ts'
import { errnoOf } from '../../lib/failure.ts'
import { namesIn } from '../../lib/names-in.ts'
import type { ErasedPool } from '../schema.ts'
import { dropMark, readMark } from './mark.ts'

export interface FinishingDeps {
  dataDir: string
  /** Where the mount points of pools are; what is on the pools is not ours to remove. */
  poolsDir: string
  /** Erases the disks of pools; what could not be erased, in words. */
  erase(pools: readonly ErasedPool[]): Promise<string[]>
  /** What else makes this box the one that it is: paths. */
  also?: readonly string[]
}

/**
 * What Cairn keeps in its data folder about people, and about itself: all of it but `disks` (practice disks), `pools`, and
 * `tuning`, which knows what was found on this machine and has to put it back.
 */
export const settings = [
  'cairn.db',
  'cairn.db-wal',
  'cairn.db-shm',
  'network',
  'samba',
  'nfs',
  'updates',
  'index-dropped',
]

/**
 * Does a reset that was asked for, where nothing runs yet: null where none was. Every step can be done twice, and the note
 * that asks for it goes last, so that after a power cut the next start does all of it once more.
 */
export async function finishReset(deps: FinishingDeps): Promise<{ problems: string[] } | null> {
  const { dataDir, poolsDir, erase, also = [] } = deps
  const mark = await readMark(dataDir)
  if (!mark) return null
  const problems = mark.erase.length === 0 ? [] : await erase(mark.erase)
  const lent = (await namesIn(dataDir)).filter(name => name.startsWith('earlier-'))
  for (const path of [...[...settings, ...lent].map(name => join(dataDir, name)), ...also])
    await removeAll(path)
  for (const name of await namesIn(poolsDir)) await removeIfEmpty(join(poolsDir, name))
  for (const folder of new Set([dataDir, ...also.map(path => dirname(path))])) await syncIfThere(folder)
  await dropMark(dataDir)
  return { problems }
}

/** But for what is mounted in it, and the folders on the way there. */
async function removeAll(path: string) {
  const isFolder = await lstat(path).then(
    status => status.isDirectory(),
    error => {
      if (errnoOf(error) === 'ENOENT') return null
      throw error
    },
  )
  if (isFolder === null) return
  if (!isFolder) return rm(path, { force: true })
  for (const name of await readdir(path)) await removeAll(join(path, name))
  await removeIfEmpty(path)
}

async function removeIfEmpty(path: string) {
  try {
    await rmdir(path)
  } catch (error) {
    if (!['ENOTEMPTY', 'EBUSY', 'ENOTDIR', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error
  }
}

async function syncIfThere(folder: string) {
  try {
    await syncFolder(folder)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}
