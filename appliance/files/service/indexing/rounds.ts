import type { IndexStore } from '../../store/index-store.ts'
import { createBreather } from '../bursts.ts'
import type { Folder } from '../folders.ts'
import type { Ledger } from './ledger.ts'
import type { Looked, Looking, LookOptions, LookPlace } from './looking.ts'
import type { Places } from './places.ts'

export interface NameToLook extends LookOptions {
  name: string
}

/** Names in one folder. */
export interface LookGroup {
  open(): LookPlace | undefined
  names: Iterable<NameToLook>
}

export interface LookListeners {
  onLooked?: OnLooked | undefined
  /** A folder that is not where it was known to be. */
  onMissing?(inode: number, names: readonly NameToLook[]): void
}

export type OnLooked = (looked: Looked, place: LookPlace, name: string) => void

export interface RoundsDeps {
  store: IndexStore
  places: Places
  looking: Looking
  transaction<T>(work: (ledger: Ledger) => T): T
  placeOf(volume: number, inode: number, folder: Folder): LookPlace
}

const sliceMs = 3

/** Looks at any number of names, as many in each write transaction as a few milliseconds take. */
export function createRounds({ store, places, looking, transaction, placeOf }: RoundsDeps) {
  async function lookAll(groups: Iterable<LookGroup>, onLooked?: OnLooked) {
    const breathe = createBreather()
    const rounds = roundsOf(groups)
    try {
      for (let next = rounds.next(); !next.done; ) {
        const done: [Looked, LookPlace, string][] = []
        transaction(ledger => {
          const endsAt = performance.now() + sliceMs
          // It may have gone between two transactions: what is in it belongs nowhere then.
          const gone = next.done || isKnown(next.value.place) ? undefined : next.value.place
          for (; !next.done && performance.now() < endsAt; next = rounds.next()) {
            const { place, name, options } = next.value
            if (place === gone) continue
            if (name === undefined) looking.lookAtFolder(ledger, place)
            else done.push([looking.look(ledger, place, name, options), place, name])
          }
        })
        for (const [looked, place, name] of done) onLooked?.(looked, place, name)
        await breathe()
      }
    } finally {
      rounds.return(undefined)
    }
  }

  const isKnown = ({ volume, inode }: LookPlace) => store.folder(volume, inode) !== undefined

  /** One name after the other; at the end of each folder the folder itself. */
  function* roundsOf(
    groups: Iterable<LookGroup>,
  ): Generator<{ place: LookPlace; name?: string; options: LookOptions }, undefined> {
    for (const { open, names } of groups) {
      const place = open()
      // It may be gone, or not known yet: then it is listed as a whole when it is.
      if (!place || !isKnown(place)) continue
      for (const { name, ...options } of names) yield { place, name, options }
      yield { place, options: {} }
    }
    return undefined
  }

  /** Opens the folder while it is looked into. */
  function* groupsIn(
    volume: number,
    byFolder: Iterable<readonly [number, readonly NameToLook[]]>,
    onMissing: LookListeners['onMissing'],
  ): Generator<LookGroup> {
    for (const [inode, names] of byFolder) {
      using folder = places.openFolder(volume, inode)
      if (folder) yield { open: () => placeOf(volume, inode, folder), names }
      else onMissing?.(inode, names)
    }
  }

  return {
    look: (place: LookPlace, names: Iterable<NameToLook>, onLooked?: OnLooked) =>
      lookAll([{ open: () => place, names }], onLooked),
    lookIn: (
      volume: number,
      byFolder: Iterable<readonly [number, readonly NameToLook[]]>,
      { onLooked, onMissing }: LookListeners,
    ) => lookAll(groupsIn(volume, byFolder, onMissing), onLooked),
  }
}
