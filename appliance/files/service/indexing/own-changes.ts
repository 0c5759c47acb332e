import { FileStatus, readStatus } from '../../../lib/posix.ts'
import type { Volume } from '../../schema.ts'
import type { EntryRow } from '../../store/index-store.ts'
import type { OpenPools } from './open-pools.ts'
import { openAlong } from './places.ts'
import type { Look } from './pool-index.ts'

/** A change that is done: these names in this folder, by its path in the volume. */
export interface Change {
  volume: Volume
  folder: readonly string[]
  names: readonly string[]
}

interface Waiting {
  change: Change
  done(): void
}

/** As many as a transaction of a few milliseconds takes. */
const changesAtOnce = 50

/** Brings the index in line with what this process has changed; what waits together goes into one transaction. */
export function createOwnChanges({ pools }: { pools: OpenPools }) {
  const waiting: Waiting[] = []
  const status = new FileStatus()
  let isPlanned = false

  function plan() {
    if (isPlanned || waiting.length === 0) return
    isPlanned = true
    setImmediate(flush)
  }

  function flush() {
    isPlanned = false
    const all = waiting.splice(0, changesAtOnce)
    plan()
    for (const some of Map.groupBy(all, ({ change }) => change.volume.pool).values())
      void takeIn(some).finally(() => {
        for (const { done } of some) done()
      })
  }

  /** What fails has happened on the disk all the same: then the index is not relied on until it has caught up. */
  async function takeIn(some: readonly Waiting[]) {
    const [first] = some
    if (!first) return
    using _hold = pools.hold(first.change.volume.pool)
    try {
      const index = pools.find(first.change.volume)?.index
      const fresh: EntryRow[] = []
      index?.lookNow(look => {
        for (const { change } of some) fresh.push(...lookAt(change, look))
      })
      // A folder that came with something in it: copied, or moved from elsewhere.
      for (const row of fresh) await index?.listBelow(row.volume, [row], {})
    } catch (error) {
      for (const { change } of some) pools.doubt(change.volume, error)
    }
  }

  function lookAt({ volume, folder: path, names }: Change, look: Look): EntryRow[] {
    const found = pools.find(volume)
    if (!found) return []
    using folder = openAlong(volume.path, path)
    if (!folder || !readStatus(folder.fd, '', status)) return []
    const { inode } = status
    // Not known yet: then it will be listed with all that is in it.
    if (!found.index.store.folder(found.row.number, inode)) return []
    const place = { volume: found.row.number, inode, isTop: path.length === 0, folder }
    const rows = names.map(name => look(place, { name, isOwn: true }).row)
    return rows.filter(row => row?.isListed === 0).filter(row => row !== undefined)
  }

  return {
    /** Done when every face shows it. */
    changed(changes: readonly Change[]): Promise<unknown> {
      const all = changes.map(change => new Promise<void>(done => waiting.push({ change, done })))
      plan()
      return Promise.all(all)
    },
  }
}
