import { FileStatus, readStatus } from '../../../lib/posix.ts'
import type { Volume } from '../../schema.ts'
import type { EntryRow } from '../../store/index-store.ts'
import type { Adopting } from './adopting.ts'
import type { OpenPools } from './open-pools.ts'
import { openAlong } from './places.ts'
import type { Look, OnLooked } from './pool-index.ts'

/** A change that is done: these names in this folder, by its path in the volume. */
export interface Change {
  volume: Volume
  folder: readonly string[]
  names: readonly string[]
  /** False: it was not given the identity that it shall have. */
  isOwn?: boolean
}

interface OwnLooked {
  unlisted: EntryRow[]
  foreign: string[][]
}

const nothing: OwnLooked = { unlisted: [], foreign: [] }

interface Waiting {
  change: Change
  done(): void
}

/** As many as a transaction of a few milliseconds takes. */
const changesAtOnce = 50

/** Brings the index in line with what this process has changed; what waits together goes into one transaction. */
export function createOwnChanges({ pools, adopting }: { pools: OpenPools; adopting: Adopting }) {
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
      let isAdopting = false
      index?.lookNow(look => {
        for (const { change } of some) {
          const { unlisted, foreign } = lookAt(change, look)
          fresh.push(...unlisted)
          for (const path of foreign) adopting.add(change.volume, path)
          isAdopting ||= foreign.length > 0
        }
      })
      // A folder that came with something in it: copied, or moved from elsewhere.
      for (const row of fresh) {
        const volume = some.find(({ change }) => pools.find(change.volume)?.row.number === row.volume)?.change
          .volume
        await index?.listBelow(row.volume, [row], {
          isOwn: true,
          onLooked: volume && noting(volume),
        })
      }
      if (fresh.length > 0 || isAdopting) adoptLater(first.change.volume)
    } catch (error) {
      for (const { change } of some) pools.doubt(change.volume, error)
    }
  }

  function adoptLater(volume: Volume) {
    void adopting.adoptAll(noting).catch(error => pools.doubt(volume, error))
  }

  /** In what a shell has just made, or an index that is being made anew: nobody else will look at it again. */
  const noting =
    (volume: Volume): OnLooked =>
    ({ isForeign }, { volume: number, inode }, name) => {
      const above = isForeign ? pools.find(volume)?.index.places.pathOf(number, inode) : undefined
      if (above) adopting.add(volume, [...above, name])
    }

  /** `foreign`: paths of what belongs to another account, as what a shell has left there may when we move it. */
  function lookAt({ volume, folder: path, names, isOwn = true }: Change, look: Look): OwnLooked {
    const found = pools.find(volume)
    if (!found) return nothing
    using folder = openAlong(volume.path, path)
    if (!folder || !readStatus(folder.fd, '', status)) return nothing
    const { inode } = status
    const { store } = found.index
    const { number } = found.row
    const above = path.flatMap((_, depth) => lookAbove(volume, path.slice(0, depth + 1), look))
    // Not to be found: then whoever finds it will list it with all that is in it.
    if (!store.folder(number, inode)) return { unlisted: above, foreign: [] }
    const place = { volume: number, inode, isTop: path.length === 0, folder }
    const looked = names.map(name => ({ name, ...look(place, { name, isOwn }) }))
    return {
      unlisted: [...above, ...unlisted(looked.map(({ row }) => row))],
      foreign: looked.filter(({ isForeign }) => isForeign).map(({ name }) => [...path, name]),
    }
  }

  /** A shell has made or moved this folder a moment ago: what lies in it could not be reached in a listing. */
  function lookAbove(volume: Volume, path: readonly string[], look: Look): EntryRow[] {
    const { index, row } = pools.find(volume) ?? {}
    const name = path.at(-1)
    using above = openAlong(volume.path, path.slice(0, -1))
    if (!index || !row || !above || name === undefined) return []
    if (!readStatus(above.fd, '', status)) return []
    const { inode } = status
    const known = index.store.at(row.number, inode, name)
    if (!index.store.folder(row.number, inode) || !readStatus(above.fd, name, status)) return []
    if (known?.inode === status.inode) return []
    const place = { volume: row.number, inode, isTop: path.length === 1, folder: above }
    return unlisted([look(place, { name }).row])
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

function unlisted(rows: readonly (EntryRow | undefined)[]): EntryRow[] {
  return rows.filter(row => row !== undefined).filter(row => row.isListed === 0)
}
