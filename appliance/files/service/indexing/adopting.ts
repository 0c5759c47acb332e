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
    found.set(`${keyOf(volume)}/${path.join('/')}`, { volume, path })
  }

  async function adoptAll(onLooked: (volume: Volume) => OnLooked) {
    while (found.size > 0) {
      const some = [...found].slice(0, atOnce)
      for (const [key] of some) found.delete(key)
      const foundlings = some.map(([, foundling]) => foundling)
      for (const ones of Map.groupBy(foundlings, ({ volume }) => keyOf(volume)).values())
        await adoptIn(ones, onLooked)
    }
    for (const { volume, path } of failed.splice(0)) add(volume, path)
  }

  async function adoptIn(ones: readonly Foundling[], onLooked: (volume: Volume) => OnLooked) {
    const volume = ones[0]?.volume
    if (!volume) return
    const paths = ones.map(({ path }) => path)
    try {
      await adopt(volume, paths)
    } catch (error) {
      log.warn('files of another account could not be taken over', { volume: keyOf(volume), error })
      // The agent comes back; it will be tried with the next ones.
      for (const { path } of ones) failed.push({ volume, path })
      return
    }
    for (const some of Map.groupBy(paths, path => path.slice(0, -1).join('/')).values())
      await lookAgain(volume, some, onLooked(volume))
  }

  async function lookAgain(volume: Volume, paths: readonly string[][], onLooked: OnLooked) {
    const { index, row } = pools.find(volume) ?? {}
    const parent = paths[0]?.slice(0, -1) ?? []
    using folder = openAlong(volume.path, parent)
    if (!index || !row || !folder || !readStatus(folder.fd, '', status)) return
    const place = { volume: row.number, inode: status.inode, isTop: parent.length === 0, folder }
    const folders: EntryRow[] = []
    await index.look(
      place,
      paths.map(path => ({ name: path.at(-1) ?? '' })),
      (looked, at, name) => {
        if (looked.row?.isFolder) folders.push(looked.row)
        // Who could not be had now is not asked for again and again.
        onLooked({ ...looked, isForeign: false }, at, name)
      },
    )
    // They could not be entered before.
    await index.listBelow(row.number, folders, { onLooked })
  }

  return { add, adoptAll }
}

export type Adopting = ReturnType<typeof createAdopting>
