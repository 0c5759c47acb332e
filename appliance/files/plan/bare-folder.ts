import type { Entry } from '../schema.ts'

/** A folder of which nothing is known but its name: it has no id, no time and no rights of its own. */
export function bareFolder(name: string): Entry {
  return {
    name,
    kind: 'folder',
    id: undefined,
    etag: undefined,
    size: 0,
    modifiedAtMs: 0,
    createdAtMs: undefined,
    right: 'read',
    isVolumeRoot: true,
    isAvailable: false,
    volume: 'home',
  }
}
