import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { FileStatus, readStatus } from '../../lib/posix.ts'
import type { Volume } from '../schema.ts'
import { createBreather } from './bursts.ts'
import { type Folder, openFolder } from './folders.ts'
import { readIdentity } from './ids.ts'
import type { FileIndex } from './indexing/index.ts'
import { readNames } from './listing.ts'
import { isHidden } from './tree.ts'

/** Where in these volumes the file or folder with this id lies. */
export type LocateById = (
  volumes: readonly Volume[],
  id: number,
) => Promise<{ volume: Volume; path: string[] } | undefined>

/** Whether a file carries this id now: the index may not know yet that it went, so the file is asked. */
export function createLiving(index: FileIndex | undefined, everyVolume: () => readonly Volume[]) {
  return (id: number): boolean => {
    const found = index?.byId(everyVolume(), id)
    if (!found) return false
    using folder = openIfThere(found.volume, found.path.slice(0, -1))
    return folder !== undefined && readIdentity(folder.at(found.path.at(-1) ?? ''))?.id === id
  }
}

const status = new FileStatus()

/** By the index; where that does not know better, by looking. */
export function createLocating(index: FileIndex | undefined, log: Log): LocateById {
  const walk = createWalk(log)
  if (!index) return walk
  return async (volumes, id) => {
    const found = index.byId(volumes, id)
    const unsure = volumes.filter(volume => volume.isAvailable && !index.isTrue(volume))
    return found ?? walk(unsure, id)
  }
}

/** By looking at everything: true where there is no index, and slow. */
function createWalk(log: Log): LocateById {
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
  const waiting: string[][] = [[]]
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    using folder = openIfThere(volume, path)
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

function openIfThere(volume: Volume, path: readonly string[]): Folder | undefined {
  try {
    return openFolder(volume, path)
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}
