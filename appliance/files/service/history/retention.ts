import { rmdirSync, statfsSync, unlinkSync } from 'node:fs'
import { errnoOf, Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import { FileStatus, openFlags, readStatus, renameAt } from '../../../lib/posix.ts'
import { Ages, bytesToFree, leastFreeBytes } from '../../plan/space.ts'
import { superfluous } from '../../plan/thinning.ts'
import type { Volume } from '../../schema.ts'
import { saying } from '../failures.ts'
import { type Folder, openVolume } from '../folders.ts'
import type { Sweeper } from '../sweeping.ts'
import { draftName, exclusively } from '../workspace.ts'
import { eraseBelow } from './erasing.ts'
import type { Gathering } from './gathering.ts'
import { dropIfEmpty } from './items.ts'
import { bytesOf, eachItem, eachShelf, type KeptItem, versionsOn } from './measuring.ts'
import { openShelf } from './shelf.ts'
import type { Spares } from './spares.ts'
import { dropItem } from './trash-folder.ts'

const day = 86_400_000
export const trashDays = 30

/** What history takes in a volume. */
export interface HistoryUsage {
  trashItems: number
  trashBytes: number
  versions: number
  versionBytes: number
  /** Of the pool that it is in. */
  freeBytes: number
  leastFreeBytes: number
}

export interface RetentionDeps {
  gathering: Gathering
  spares: Pick<Spares, 'dropAll'>
  sweeper: Sweeper
  log: Log
  now(): number
}

/** What of history goes: what is old, what lies close together, and the oldest where space is short. */
export function createRetention({ gathering, spares, sweeper, log, now }: RetentionDeps) {
  /** All of it in these volumes. */
  async function tidy(volumes: readonly Volume[]): Promise<void> {
    for (const volume of usable(volumes)) {
      await gathering.gather(volume)
      await gathering.clear(volume)
      await expire(volume)
      for await (const { shelf, id } of eachShelf(volume)) {
        thin(volume, shelf)
        removeIfEmpty(volume, id)
      }
      sweeper.sweep(volume)
    }
    await makeRoom(volumes)
  }

  /** Of files that were overwritten only now. */
  function thinSome(volume: Volume, ids: Iterable<number>): void {
    for (const id of ids) {
      using shelf = openShelf(volume, id)
      if (shelf) thin(volume, shelf)
    }
    sweeper.sweep(volume)
  }

  async function expire(volume: Volume): Promise<void> {
    for await (const { trash, item, deletedAtMs } of eachItem(volume)) {
      if (now() - deletedAtMs >= trashDays * day) dropIfThere(() => dropItem(volume, trash, item))
    }
  }

  function thin(volume: Volume, shelf: Folder): void {
    for (const name of superfluous(versionsOn(shelf), now())) dropVersion(volume, shelf, name)
  }

  /** The volumes of each pool share its space. */
  async function makeRoom(volumes: readonly Volume[]): Promise<void> {
    for (const ofPool of Object.values(Object.groupBy(usable(volumes), ({ pool }) => pool)))
      if (ofPool) await makeRoomIn(ofPool)
  }

  /** The same without a look at how much history there is, as long as there is room. */
  async function makeRoomWhereShort(volumes: readonly Volume[]): Promise<void> {
    await makeRoom(
      usable(volumes).filter(volume => {
        const { freeBytes, totalBytes } = spaceOf(volume)
        return freeBytes < leastFreeBytes(totalBytes)
      }),
    )
  }

  /** Looks twice: once to see how old what must go is, once to let it go. */
  async function makeRoomIn(volumes: readonly Volume[]): Promise<void> {
    const [first] = volumes
    if (!first) return
    const ages = new Ages()
    let historyBytes = 0
    for await (const { atMs, bytes } of eachOf(volumes)) {
      ages.add(atMs, bytes)
      historyBytes += bytes
    }
    let left = bytesToFree({ ...spaceOf(first), historyBytes })
    if (left === 0) return
    const cutoffMs = ages.cutoffMs(left)
    log.info('history gives way to files', { pool: first.pool, bytes: left })
    for (const volume of volumes) await spares.dropAll(volume)
    for await (const { atMs, bytes, drop, erase } of eachOf(volumes)) {
      if (left <= 0) break
      if (atMs >= cutoffMs) continue
      await dropOnFullDisk(drop, erase)
      left -= bytes
    }
    for (const volume of volumes) sweeper.sweep(volume)
  }

  /** What may go for want of space: all but versions with a label. */
  async function* eachOf(volumes: readonly Volume[]) {
    for (const volume of volumes) {
      for await (const one of eachItem(volume)) {
        const bytes = await bytesOf(one, log)
        const drop = () => dropItem(volume, one.trash, one.item)
        const erase = () => eraseItem(volume, one)
        if (bytes !== undefined) yield { atMs: one.deletedAtMs, bytes, drop, erase }
      }
      for await (const { shelf, versions } of eachShelf(volume))
        for (const { name, keptAtMs, bytes, isLabelled } of versions) {
          const drop = () => dropVersion(volume, shelf, name)
          const erase = async () => unlinkSync(shelf.at(name))
          if (!isLabelled) yield { atMs: keptAtMs, bytes, drop, erase }
        }
    }
  }

  async function eraseItem(volume: Volume, { trash, item }: KeptItem): Promise<void> {
    using wrapper = trash.folder(item, openFlags.readOnly)
    await sweeper.gone(volume, await eraseBelow(wrapper, log))
    dropIfEmpty(trash, item)
  }

  async function usage(volume: Volume): Promise<HistoryUsage> {
    const { freeBytes, totalBytes } = spaceOf(volume)
    const found = { trashItems: 0, trashBytes: 0, versions: 0, versionBytes: 0 }
    for (const { entry } of await gathering.gather(volume)) {
      found.trashItems += 1
      found.trashBytes += entry.size
    }
    for await (const one of eachItem(volume)) {
      found.trashItems += 1
      found.trashBytes += (await bytesOf(one, log)) ?? 0
    }
    for await (const { versions } of eachShelf(volume)) {
      found.versions += versions.length
      for (const { bytes } of versions) found.versionBytes += bytes
    }
    return { ...found, freeBytes, leastFreeBytes: leastFreeBytes(totalBytes) }
  }

  const freeBytes = (volume: Volume) => spaceOf(volume).freeBytes

  return { tidy, thinSome, makeRoomWhereShort, usage, freeBytes }
}

export type Retention = ReturnType<typeof createRetention>

function usable(volumes: readonly Volume[]): Volume[] {
  return volumes.filter(({ isAvailable, isReadOnly }) => isAvailable && !isReadOnly)
}

function spaceOf(volume: Volume): { totalBytes: number; freeBytes: number } {
  using top = openVolume(volume)
  const { blocks, bavail, bfree, bsize } = saying(() => statfsSync(top.path))
  // Btrfs says that nothing is available once metadata is short, which no deletion of history would change at once.
  return { totalBytes: blocks * bsize, freeBytes: (bavail || bfree) * bsize }
}

const status = new FileStatus()

function dropVersion(volume: Volume, shelf: Folder, name: string): void {
  exclusively(volume, workspace => {
    if (readStatus(shelf.fd, name, status)) renameAt(shelf.fd, name, workspace.fd, draftName('moved'))
  })
}

/** In turn, so that nobody is about to put something there. */
function removeIfEmpty(volume: Volume, id: number): void {
  exclusively(volume, () => {
    using shelf = openShelf(volume, id)
    if (!shelf) return
    using top = openVolume(volume)
    try {
      rmdirSync(top.at(`.cairn/versions/${id}`))
    } catch (error) {
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'ENOENT') throw error
    }
  })
}

/** Where not even a rename finds space, it is removed where it lies. */
async function dropOnFullDisk(drop: () => void, erase: () => Promise<void>): Promise<void> {
  try {
    dropIfThere(drop)
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'full') throw error
    await erase()
  }
}

/** Another server may be tidying too, or somebody has emptied the trash. */
function dropIfThere(drop: () => void): void {
  try {
    drop()
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'missing') throw error
  }
}
