import { errnoOf } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { FileStatus, openFlags, readStatus } from '../../lib/posix.ts'
import type { Volume } from '../schema.ts'
import { createBreather } from './bursts.ts'
import { type Folder, openVolume } from './folders.ts'
import { readIdentity } from './ids.ts'
import { readNames } from './listing.ts'
import { isHidden } from './tree.ts'

/** Where in these volumes the file or folder with this id lies. */
export type LocateById = (
  volumes: readonly Volume[],
  id: number,
) => Promise<{ volume: Volume; path: string[] } | undefined>

const status = new FileStatus()

/** By looking at everything: true where there is no index, and slow. */
export function createWalk(log: Log): LocateById {
  return async (volumes, id) => {
    for (const volume of volumes) {
      if (!volume.isAvailable) continue
      const path = await findIn(volume, id, log)
      if (path) return { volume, path }
    }
    return undefined
  }
}

async function findIn(volume: Volume, id: number, log: Log): Promise<string[] | undefined> {
  const breathe = createBreather()
  using top = openVolume(volume)
  const waiting: string[][] = [[]]
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    using folder = openIfThere(top, path)
    if (!folder) continue
    for (const name of readNames(folder, log)) {
      await breathe()
      if (isHidden(path, name) || !readStatus(folder.fd, name, status) || status.kind === 'other') continue
      const isFolder = status.kind === 'folder'
      if (readIdentity(folder.at(name))?.id === id) return [...path, name]
      if (isFolder) waiting.push([...path, name])
    }
  }
  return undefined
}

function openIfThere(top: Folder, path: readonly string[]): Folder | undefined {
  try {
    return top.folder(path.join('/') || '.', openFlags.readOnly)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined
    throw error
  }
}
