import type { Actor } from '../../http/route.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Snapshot, Storage } from '../../storage/index.ts'
import { noSuchFile, parsePath } from '../parse/path.ts'
import type { Right } from '../schema.ts'
import type { Catalog, Kind } from './catalog.ts'
import { noShare } from './shares.ts'
import { listFolder, openFile, restoreFile, type SnapshotEntry } from './snapshot-files.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    /** A file came back from a snapshot, at this path below the share or home. */
    'shares/restored': { pool: string; kind: Kind; name: string; path: string }
  }
}

/** What matters of who asks; the rest is passed on to who keeps a journal. */
export type SnapshotActor = Pick<Actor, 'user' | 'role'> & Partial<Actor>

/** What came back: one file, or with an empty path all of it. */
export interface Restored {
  actor: SnapshotActor
  pool: string
  /** `share:NAME` or `home:USER`. */
  volume: string
  path: readonly string[]
}

export interface Snapshots {
  list(actor: SnapshotActor, name: string): Promise<Snapshot[]>
  create(actor: SnapshotActor, name: string, label?: string): Promise<Snapshot>
  remove(actor: SnapshotActor, name: string, id: string): Promise<void>
  /** The whole share, or with `path` one file of it. What was there before is kept as a snapshot. */
  restore(actor: SnapshotActor, name: string, id: string, path?: string): Promise<void>
  files(actor: SnapshotActor, name: string, id: string, path: string): Promise<SnapshotEntry[]>
  open(actor: SnapshotActor, name: string, id: string, path: string): ReturnType<typeof openFile>
}

interface Place {
  pool: string
  kind: Kind
  name: string
  right: Right
}

export function createSnapshots(deps: {
  catalog: Catalog
  snapshots: Storage['snapshots']
  events: Events
  onRestored(restored: Restored): void
}): Snapshots {
  const { catalog, snapshots, events, onRestored } = deps

  /** A share, or under the account's name its own home: one namespace. */
  function find(actor: SnapshotActor, name: string): Place {
    const home = name === actor.user ? catalog.home(actor) : undefined
    if (home) return { pool: home.pool, kind: 'homes', name, right: home.right }
    const share = catalog.share(name)
    const right = share ? catalog.right(actor, share) : 'none'
    if (!share || (right === 'none' && actor.role !== 'admin')) throw noShare(name)
    return { pool: share.pool, kind: 'shares', name, right }
  }

  function managed(actor: SnapshotActor, name: string): Place {
    const place = find(actor, name)
    if (actor.role !== 'admin') throw adminOnly()
    requireWritable(place)
    return place
  }

  /** Files are shown to those with a right on the share: being an administrator is none. */
  function readable(actor: SnapshotActor, name: string): Place {
    const place = find(actor, name)
    if (place.right === 'none') throw noRight('see')
    if (!catalog.stateOf(place.pool).isAvailable) throw poolAway(place)
    return place
  }

  function requireWritable(place: Place) {
    const { isAvailable, isReadOnly } = catalog.stateOf(place.pool)
    if (!isAvailable || isReadOnly) throw poolAway(place)
  }

  const folderOf = ({ pool, kind, name }: Place, id: string) => snapshots.path(pool, kind, name, id)

  async function restoreOne(actor: SnapshotActor, shareName: string, id: string, path: string) {
    const place = readable(actor, shareName)
    if (place.right !== 'write') throw noRight('change')
    requireWritable(place)
    const names = parsePath(path)
    if (names.length === 0) throw noSuchFile()
    const { pool, kind, name } = place
    await restoreFile({
      from: folderOf(place, id),
      to: catalog.pathOf(pool, kind, name),
      path: names,
      async beforeReplacing() {
        await snapshots.create(pool, kind, name, `Before ${names.at(-1)} was restored`)
      },
    })
    events.publish('shares/restored', { pool, kind, name, path: `/${names.join('/')}` })
    onRestored({ actor, pool, volume: volumeOf(place), path: names })
  }

  return {
    async list(actor, name) {
      const place = find(actor, name)
      return snapshots.list(place.pool, place.kind, place.name)
    },
    async create(actor, name, label) {
      const place = managed(actor, name)
      return snapshots.create(place.pool, place.kind, place.name, label)
    },
    async remove(actor, name, id) {
      const place = managed(actor, name)
      await snapshots.delete(place.pool, place.kind, place.name, id)
    },
    async restore(actor, name, id, path) {
      if (path !== undefined) return restoreOne(actor, name, id, path)
      const place = managed(actor, name)
      await snapshots.restoreAll(place.pool, place.kind, place.name, id)
      onRestored({ actor, pool: place.pool, volume: volumeOf(place), path: [] })
    },
    files: async (actor, name, id, path) => listFolder(folderOf(readable(actor, name), id), parsePath(path)),
    open: (actor, name, id, path) => openFile(folderOf(readable(actor, name), id), parsePath(path)),
  }
}

function volumeOf({ kind, name }: Place): string {
  return `${kind === 'homes' ? 'home' : 'share'}:${name}`
}

function adminOnly(): Failure {
  return new Failure('forbidden', 'auth/admin-only', 'Only an administrator may do this with a whole share.')
}

function noRight(what: string): Failure {
  return new Failure('forbidden', 'shares/no-right', `You have no right to ${what} files in this share.`)
}

function poolAway({ pool }: Place): Failure {
  return new Failure('unavailable', 'shares/pool-away', `The pool ${pool} is away or cannot be written now.`)
}
