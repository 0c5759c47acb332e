import { statfsSync } from 'node:fs'
import { Failure } from '../../lib/failure.ts'
import { syncFilesystemAside } from '../../lib/posix.ts'
import type { Volume } from '../schema.ts'
import { sayingAsync } from './failures.ts'
import { openVolume } from './folders.ts'

const worthAskingBytes = 1024 * 1024

/**
 * Refuses what cannot fit. Btrfs gives the space of removed files back with its next commit, up to 30 s later, so that
 * is asked for before anything is refused.
 */
export async function requireSpace(volume: Volume, expectedSize = 0): Promise<void> {
  if (expectedSize < worthAskingBytes || hasSpace(volume, expectedSize)) return
  await commit(volume)
  if (hasSpace(volume, expectedSize)) return
  throw new Failure('full', 'files/full', 'There is not enough space for this file.')
}

function hasSpace(volume: Volume, wantedBytes: number): boolean {
  using top = openVolume(volume)
  const { bavail, bsize } = statfsSync(top.path)
  return bavail * bsize >= wantedBytes
}

const underWay = new Map<string, Promise<void>>()

/** One for all who ask meanwhile. */
function commit(volume: Volume): Promise<void> {
  const running = underWay.get(volume.path) ?? syncVolume(volume)
  underWay.set(volume.path, running)
  return running.finally(() => underWay.delete(volume.path))
}

async function syncVolume(volume: Volume): Promise<void> {
  using top = openVolume(volume)
  using readable = top.folder('.', 0)
  await sayingAsync(() => syncFilesystemAside(readable.fd))
}
