import type { Log } from '../../../lib/log.ts'
import { FileStatus, readStatus } from '../../../lib/posix.ts'
import type { Volume } from '../../schema.ts'
import type { EntryRow } from '../../store/index-store.ts'
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
    while (found.size > 0) {
      const some = [...found].slice(0, atOnce)
      for (const [key] of some) {
        found.delete(key)
        tried.add(key)
      }
      const foundlings = some.map(([, foundling]) => foundling)
      for (const ones of Map.groupBy(foundlings, ({ volume }) => keyOf(volume)).values()) {
        const [first] = ones
        if (first && (await adoptIn(ones, onLooked))) addNameless(first.volume, tried)
      }
    }
    for (const { volume, path } of failed.splice(0)) add(volume, path)
  }

  /** What was not where it was found lies elsewhere by now, most likely in a folder that was moved; nobody will tell of it. */
  function addNameless(volume: Volume, tried: ReadonlySet<string>) {
    const { index, row } = pools.find(volume) ?? {}
    if (!index || !row) return
    for (const { volume: number, parent, name } of index.store.byId(0)) {
      const above = number === row.number ? index.places.pathOf(number, parent) : undefined
      if (above && !tried.has(keyAt(volume, [...above, name]))) add(volume, [...above, name])
    }
  }

  /** True where something was not where it was found. */
  async function adoptIn(
    ones: readonly Foundling[],
    onLooked: (volume: Volume) => OnLooked,
  ): Promise<boolean> {
    const volume = ones[0]?.volume
    if (!volume) return false
    const paths = ones.map(({ path }) => path)
    try {
      await adopt(volume, paths)
    } catch (error) {
      log.warn('files of another account could not be taken over', { volume: keyOf(volume), error })
      // The agent comes back; it will be tried with the next ones.
      for (const { path } of ones) failed.push({ volume, path })
      return false
    }
    let isAstray = false
    for (const some of Map.groupBy(paths, path => path.slice(0, -1).join('/')).values())
      if (!(await lookAgain(volume, some, onLooked(volume)))) isAstray = true
    return isAstray
  }

  /** False where not all of them are there any more. */
  async function lookAgain(volume: Volume, paths: readonly string[][], onLooked: OnLooked): Promise<boolean> {
    const { index, row } = pools.find(volume) ?? {}
    const parent = paths[0]?.slice(0, -1) ?? []
    using folder = openAlong(volume.path, parent)
    if (!index || !row || !folder || !readStatus(folder.fd, '', status)) return false
    const place = { volume: row.number, inode: status.inode, isTop: parent.length === 0, folder }
    const folders: EntryRow[] = []
    let areThere = true
    await index.look(
      place,
      paths.map(path => ({ name: path.at(-1) ?? '' })),
      (looked, at, name) => {
        if (looked.row === undefined) areThere = false
        if (looked.row?.isFolder) folders.push(looked.row)
        // Who could not be had now is not asked for again and again.
        onLooked({ ...looked, isForeign: false }, at, name)
      },
    )
    // They could not be entered before.
    await index.listBelow(row.number, folders, { onLooked })
    return areThere
  }

  return { add, adoptAll }
}

function keyAt(volume: Volume, path: readonly string[]): string {
  return `${keyOf(volume)}/${path.join('/')}`
}

export type Adopting = ReturnType<typeof createAdopting>
