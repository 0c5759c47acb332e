import { join } from 'node:path'
import type { Agent } from '../../agent/client.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import { namesIn } from '../../lib/names-in.ts'
import { timeOfSnapshot } from '../plan/snapshot-id.ts'
import type { Snapshot, SubvolumeKind } from '../schema.ts'
import { snapshotId, subvolumeName } from '../schema.ts'
import type { SnapshotKey, StorageStore } from '../store.ts'
import type { Pools } from './pools.ts'

export interface SubvolumeDeps {
  agent: Agent
  store: StorageStore
  events: Events
  pools: Pools
  poolsDir: string
}

/** Shares and homes as the disks know them, and their snapshots. */
export function createSubvolumes({ agent, store, events, pools, poolsDir }: SubvolumeDeps) {
  const keyOf = async (pool: string, kind: SubvolumeKind, subvolume: string) => {
    const { name, uuid } = await pools.find(pool)
    return { name, uuid, kind, subvolume }
  }
  const folderOf = ({ pool, kind, name }: SnapshotKey) => join(poolsDir, pool, 'snapshots', kind, name)

  /** For the server: below the pool's own mount, readable by the service account. */
  function path(pool: string, kind: SubvolumeKind, name: string, id: string): string {
    return join(folderOf({ pool, kind, name: subvolumeName.parse(name) }), snapshotId.parse(id))
  }

  async function list(pool: string, kind: SubvolumeKind, name: string): Promise<Snapshot[]> {
    const key = { pool, kind, name }
    requireThere(pools, pool)
    const [ids, labels] = await Promise.all([namesIn(folderOf(key)), store.labels(key)])
    return ids.sort().flatMap(id => {
      const createdAt = timeOfSnapshot(id)
      return createdAt === undefined ? [] : [{ id, createdAt, label: labels.get(id) ?? null }]
    })
  }

  async function create(pool: string, kind: SubvolumeKind, name: string, label?: string): Promise<Snapshot> {
    const { id } = await agent.call('storage/create-snapshot', await keyOf(pool, kind, name))
    if (label) await store.setLabel({ pool, kind, name }, id, label)
    events.publish('storage/snapshots-changed', { pool, kind, name, isTaken: true })
    return { id, createdAt: timeOfSnapshot(id) ?? '', label: label || null }
  }

  async function remove(pool: string, kind: SubvolumeKind, name: string, id: string): Promise<void> {
    await agent.call('storage/delete-snapshot', { ...(await keyOf(pool, kind, name)), id })
    await store.dropLabels({ pool, kind, name }, id)
    events.publish('storage/snapshots-changed', { pool, kind, name, isTaken: false })
  }

  /** The state before is kept as a snapshot too, so that this can be undone. */
  async function restoreAll(
    pool: string,
    kind: SubvolumeKind,
    name: string,
    id: string,
  ): Promise<{ kept: string }> {
    const done = await agent.call('storage/restore-snapshot', { ...(await keyOf(pool, kind, name)), id })
    await store.setLabel({ pool, kind, name }, done.kept, `Before going back to ${timeOfSnapshot(id)}`)
    events.publish('storage/subvolume-replaced', { pool, kind, name })
    events.publish('storage/snapshots-changed', { pool, kind, name, isTaken: true })
    return done
  }

  return {
    async createSubvolume(pool: string, kind: SubvolumeKind, name: string): Promise<void> {
      await agent.call('storage/create-subvolume', await keyOf(pool, kind, name))
    },
    /** With all its snapshots: a later share of the same name must not show them. */
    async deleteSubvolume(pool: string, kind: SubvolumeKind, name: string): Promise<void> {
      await agent.call('storage/delete-subvolume', await keyOf(pool, kind, name))
      await store.dropLabels({ pool, kind, name })
    },
    /** Gives these files to the service account, by their paths. */
    async adopt(
      pool: string,
      kind: SubvolumeKind,
      name: string,
      paths: readonly (readonly string[])[],
    ): Promise<void> {
      await agent.call('storage/adopt-files', {
        ...(await keyOf(pool, kind, name)),
        paths: paths.map(path => [...path]),
      })
    },
    snapshots: { list, create, delete: remove, restoreAll, path },
  }
}

function requireThere(pools: Pools, pool: string) {
  if (pools.state(pool) !== 'missing') return
  throw new Failure('unavailable', 'storage/pool-away', `The pool ${pool} is not there.`)
}
