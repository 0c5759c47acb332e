import type { Log } from '../../../lib/log.ts'
import { FileStatus, readStatus } from '../../../lib/posix.ts'
import type { Volume } from '../../schema.ts'
import type { EntryRow } from '../../store/index-store.ts'
import { createBreather } from '../bursts.ts'
import type { OpenPools } from './open-pools.ts'
import { openAlong } from './places.ts'
import type { OnLooked } from './pool-index.ts'
import { keyOf } from './trust.ts'

/** Gives files of other accounts to ours. */
export type Adopt = (volume: Volume, paths: readonly (readonly string[])[]) => Promise<void>

export interface AdoptingDeps {
  pools: OpenPools
  adopt: Adopt
  log: Log
}

interface Foundling {
  volume: Volume
  path: string[]
}

/** Names that were not where they were found. */
interface Astray {
  volume: Volume
  names: Set<string>
}

const atOnce = 500

/** What root's shell or another box left in a share is given to us on sight, and looked at again. */
export function createAdopting({ pools, adopt, log }: AdoptingDeps) {
  const found = new Map<string, Foundling>()
  const failed: Foundling[] = []
  const status = new FileStatus()

  function add(volume: Volume, path: string[]) {
    found.set(keyAt(volume, path), { volume, path })
  }

  async function adoptAll(onLooked: (volume: Volume) => OnLooked) {
    const tried = new Set<string>()
    const astray = new Map<string, Astray>()
    while (found.size > 0 || (await addNameless(astray, tried))) {
      const some = theFirst(found)
      for (const [key] of some) {
        found.delete(key)
        tried.add(key)
      }
      const foundlings = some.map(([, foundling]) => foundling)
      for (const ones of Map.groupBy(foundlings, ({ volume }) => keyOf(volume)).values())
        noteAstray(astray, await adoptIn(ones, onLooked))
    }
    for (const { volume, path } of failed.splice(0)) add(volume, path)
  }

  /**
   * What was not where it was found lies elsewhere by now, by the same name, in a folder that was moved; nobody will tell of
   * it. False where there is no such.
   */
  async function addNameless(astray: Map<string, Astray>, tried: ReadonlySet<string>): Promise<boolean> {
    const breathe = createBreather()
    for (const { volume, names } of astray.values()) {
      const { index, row } = pools.find(volume) ?? {}
      if (!index || !row) continue
      for (const { volume: number, parent, name } of index.store.byId(0)) {
        await breathe()
        if (number !== row.number || !names.has(name)) continue
        const above = index.places.pathOf(number, parent)
        if (above && !tried.has(keyAt(volume, [...above, name]))) add(volume, [...above, name])
      }
    }
    astray.clear()
    return found.size > 0
  }

  /** Answers what was not where it was found. */
  async function adoptIn(
    ones: readonly Foundling[],
    onLooked: (volume: Volume) => OnLooked,
  ): Promise<Foundling[]> {
    const volume = ones[0]?.volume
    if (!volume) return []
    const paths = ones.map(({ path }) => path)
    try {
      await adopt(volume, paths)
    } catch (error) {
      log.warn('files of another account could not be taken over', { volume: keyOf(volume), error })
      // The agent comes back; it will be tried with the next ones.
      for (const { path } of ones) failed.push({ volume, path })
      return []
    }
    const astray: string[][] = []
    for (const some of Map.groupBy(paths, path => path.slice(0, -1).join('/')).values())
      astray.push(...(await lookAgain(volume, some, onLooked(volume))))
    return astray.map(path => ({ volume, path }))
  }

  /** Answers those that are not there any more. */
  async function lookAgain(
    volume: Volume,
    paths: readonly string[][],
    onLooked: OnLooked,
  ): Promise<string[][]> {
    const { index, row } = pools.find(volume) ?? {}
    const parent = paths[0]?.slice(0, -1) ?? []
    using folder = openAlong(volume.path, parent)
    if (!index || !row || !folder || !readStatus(folder.fd, '', status)) return [...paths]
    const place = { volume: row.number, inode: status.inode, isTop: parent.length === 0, folder }
    const folders: EntryRow[] = []
    const astray: string[][] = []
    await index.look(
      place,
      paths.map(path => ({ name: path.at(-1) ?? '' })),
      (looked, at, name) => {
        if (looked.row === undefined) astray.push([...parent, name])
        if (looked.row?.isFolder) folders.push(looked.row)
        // Who could not be had now is not asked for again and again.
        onLooked({ ...looked, isForeign: false }, at, name)
      },
    )
    // They could not be entered before.
    await index.listBelow(row.number, folders, { onLooked })
    return astray
  }

  return { add, adoptAll }
}

function theFirst(found: ReadonlyMap<string, Foundling>): [string, Foundling][] {
  const some: [string, Foundling][] = []
  for (const one of found) {
    if (some.length === atOnce) break
    some.push(one)
  }
  return some
}

function noteAstray(astray: Map<string, Astray>, ones: readonly Foundling[]) {
  for (const { volume, path } of ones) {
    const known = astray.get(keyOf(volume)) ?? { volume, names: new Set() }
    known.names.add(path.at(-1) ?? '')
    astray.set(keyOf(volume), known)
  }
}

function keyAt(volume: Volume, path: readonly string[]): string {
  return `${keyOf(volume)}/${path.join('/')}`
}

export type Adopting = ReturnType<typeof createAdopting>
