import { mkdirSync } from 'node:fs'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { openFlags, renameAt } from '../../lib/posix.ts'
import type { Entry, PlaceOptions, Volume } from '../schema.ts'
import type { CopiedListener, CopyJob, createCopying } from './copying.ts'
import type { Entries } from './entries.ts'
import { changedMeanwhile, inTheWay, missing, sayingAsync } from './failures.ts'
import { Folder, openFolder, openParent } from './folders.ts'
import { carryVersions } from './history/carrying.ts'
import { aboutDeleting, moveInto, type Wrapper, wrapped } from './history/items.ts'
import { dropShelves } from './history/shelf.ts'
import { giveIdentity, newIdentity } from './ids.ts'
import { holdLeaving } from './leaving.ts'
import { askBack } from './lent.ts'
import { syncFolder, syncMoved, takeAway, whileFree } from './removing.ts'
import type { Sweeper } from './sweeping.ts'
import type { SyncQueue } from './sync-queue.ts'
import { requireWritable, type Spot, splitSpot } from './tree.ts'
import { draftName, exclusively, makeDraft, openReserved, openWorkspace } from './workspace.ts'
import type { Written } from './writing.ts'

export interface PlaceDeps {
  entries: Entries
  sync: SyncQueue
  sweeper: Sweeper
  copyTree: ReturnType<typeof createCopying>
  onCopied: CopiedListener
  onTrashed(volume: Volume): void
  /** Whether the etag of a folder tells of every change below it. */
  isIndexed(volume: Volume): boolean
}

interface Source {
  folder: Folder
  entry: Entry
}

type BringOptions = PlaceOptions & {
  keepsIds: boolean
  /** In the same breath as the copy is put in place, just before it. */
  beforePut?(source: Source): void
}

/** Moving and copying: what is put under a name, and what was there before. */
export function createPlacing(deps: PlaceDeps) {
  const { entries, sync, sweeper, copyTree, onCopied, onTrashed, isIndexed } = deps

  async function move(from: Spot, to: Spot, options: PlaceOptions): Promise<Written> {
    requireWritable(from)
    requireWritable(to)
    splitSpot(from)
    refuseInside(from, to)
    if (from.volume.path === to.volume.path) return moveWithin(from, to, options)
    const carried: number[] = []
    const onMoved = async (id: number) => {
      if (await carryVersions(from.volume, to.volume, { id, sync })) carried.push(id)
    }
    using held = new DisposableStack()
    const isListed = isIndexed(from.volume)
    let copied: Entry | undefined
    const beforePut = ({ folder, entry }: Source) => {
      refuseChanged(from.volume, folder, entry, isListed && isIndexed(from.volume))
      held.use(holdLeaving(folder, entry.name))
      copied = entry
    }
    try {
      const written = await bring(from, to, {
        ...options,
        keepsIds: true,
        isShallow: false,
        onMoved,
        beforePut,
      })
      if (copied) await dropSource(from, copied)
      dropShelves(from.volume, carried)
      return written
    } catch (error) {
      dropShelves(to.volume, carried)
      throw error
    }
  }

  async function copy(
    from: Spot,
    to: Spot,
    options: PlaceOptions & { isShallow: boolean },
  ): Promise<Written> {
    requireWritable(to)
    if (!options.isShallow) refuseInside(from, to)
    return bring(from, to, { ...options, keepsIds: false })
  }

  async function moveWithin(from: Spot, to: Spot, options: PlaceOptions): Promise<Written> {
    const source = splitSpot(from)
    const target = splitSpot(to)
    using sourceFolder = openFolder(source.volume, source.parent)
    using targetFolder = openParent(target.volume, target.parent)
    await options.beforeCommit?.()
    await askBack(sourceFolder, source.name)
    await askBack(targetFolder, target.name)
    const written = exclusively(source.volume, () => {
      const moved = entries.at(source.volume, sourceFolder, source.name)
      if (!moved) throw missing()
      options.precondition?.(moved)
      const act = (put: () => void) => whileFree(sourceFolder, moved, put)
      return put(
        { spot: to, folder: targetFolder, name: target.name, options },
        sourceFolder,
        source.name,
        act,
      )
    })
    return await settle(to.volume, targetFolder, written)
  }

  /** Makes a copy in the target's workspace, then puts it in place at once. */
  async function bring(
    from: Spot,
    to: Spot,
    options: BringOptions & { isShallow: boolean; onMoved?: CopyJob['onMoved'] },
  ): Promise<Written> {
    const target = splitSpot(to)
    using source = openSource(from)
    if (!source.entry) throw missing()
    options.precondition?.(source.entry)
    checkTarget(to, target, options)
    using workspace = openWorkspace(to.volume)
    using holder = holdDraft(workspace)
    await sayingAsync(() =>
      copyTree(
        source.folder,
        source.entry,
        { folder: holder, name: target.name },
        {
          source: from.volume,
          keepsIds: options.keepsIds,
          isShallow: options.isShallow,
          onCopied,
          ...(options.onMoved ? { onMoved: options.onMoved } : {}),
          ...(options.onProgress ? { onProgress: options.onProgress } : {}),
        },
      ),
    ).catch(error => {
      abandon(workspace, holder.name, options.keepsIds)
      sweeper.sweep(to.volume)
      throw error
    })
    // Awaited here: what `using` holds is closed as this function returns.
    return await placeCopy({ source, to, holder, workspace }, options)
  }

  async function placeCopy(
    { source, to, holder, workspace }: { source: Source; to: Spot; holder: HeldFolder; workspace: Folder },
    options: BringOptions,
  ): Promise<Written> {
    const { volume, parent, name } = splitSpot(to)
    try {
      using targetFolder = openParent(volume, parent)
      await options.beforeCommit?.()
      const written = exclusively(volume, () => {
        options.beforePut?.(source)
        return put({ spot: to, folder: targetFolder, name, options }, holder, name, act => act())
      })
      return await settle(to.volume, targetFolder, written)
    } finally {
      abandon(workspace, holder.name, options.keepsIds)
      sweeper.sweep(volume)
    }
  }

  interface Target {
    spot: Spot
    folder: Folder
    name: string
    options: PlaceOptions
  }

  /** Renames into place; what was there goes to the trash in the same breath, so the name is never empty. */
  function put(
    target: Target,
    from: Folder,
    fromName: string,
    whileMovable: (act: () => void) => void,
  ): Placed {
    const { folder, name, options, spot } = target
    const { volume } = spot
    const current = entries.at(volume, folder, name)
    if (!current && entries.isTaken(folder, name)) throw inTheWay()
    if (current && !options.overwrite) throw targetTaken()
    let replaced: Wrapper | undefined
    whileMovable(() => {
      if (!current) renameAt(from.fd, fromName, folder.fd, name, 'no-replace')
      else
        whileFree(folder, current, () => {
          replaced = exchange(from, fromName, target)
        })
    })
    const entry = entries.at(volume, folder, name)
    if (!entry) throw missing()
    return { entry, isNew: current === undefined, replaced }
  }

  /** Both names reach the disk: that of what was put there, and that of what was there before. */
  async function settle(
    volume: Volume,
    folder: Folder,
    { entry, isNew, replaced }: Placed,
  ): Promise<Written> {
    using wrapper = replaced?.folder
    await syncMoved(folder, entry.name, sync)
    if (wrapper) await syncMoved(wrapper, entry.name, sync)
    if (wrapper) onTrashed(volume)
    return { entry, isNew }
  }

  function checkTarget(to: Spot, target: ReturnType<typeof splitSpot>, options: PlaceOptions) {
    using folder = openParent(to.volume, target.parent)
    if (!options.overwrite && entries.isTaken(folder, target.name)) throw targetTaken()
  }

  /** What was written into it since it was copied would be lost. */
  function refuseChanged(volume: Volume, folder: Folder, copied: Entry, isListed: boolean) {
    const current = entries.at(volume, folder, copied.name)
    if (!current) throw missing()
    const isComparable = copied.kind === 'file' || isListed
    if (current.id !== copied.id || (isComparable && current.etag !== copied.etag)) throw changedMeanwhile()
    whileFree(folder, current, () => undefined)
  }

  function openSource(from: Spot): Disposable & Source {
    const name = from.path.at(-1)
    const folder = openFolder(from.volume, from.path.slice(0, -1))
    const entry =
      name === undefined
        ? { ...entries.self(from.volume, folder, '.'), isVolumeRoot: true }
        : entries.at(from.volume, folder, name)
    if (entry) return { folder, entry, [Symbol.dispose]: () => folder[Symbol.dispose]() }
    folder[Symbol.dispose]()
    throw missing()
  }

  /** The copy is in place and durable; the ids live there now. What was written in this very moment stays. */
  async function dropSource(from: Spot, copied: Entry) {
    const { volume, parent, name } = splitSpot(from)
    using folder = openFolder(volume, parent)
    exclusively(volume, workspace => {
      const current = entries.at(volume, folder, name)
      if (!current || current.id !== copied.id) return
      // Not by its etag: who looked at it since it is marked may have given it another one.
      const isSame = current.size === copied.size && current.modifiedAtMs === copied.modifiedAtMs
      if (copied.kind === 'folder' || isSame) takeAway(folder, current, workspace, 'moved')
      else giveIdentity(folder, name, newIdentity())
    })
    await syncFolder(folder, sync)
    sweeper.sweep(volume)
  }

  function exchange(from: Folder, fromName: string, { spot, folder, name }: Target): Wrapper {
    using trash = openReserved(spot.volume, 'trash')
    return wrapped(trash, aboutDeleting(spot.path, spot.by, 'replaced'), into => {
      try {
        renameAt(from.fd, fromName, folder.fd, name, 'exchange')
      } catch (error) {
        throw errnoOf(error) === 'EINVAL' ? intoItself() : error
      }
      try {
        moveInto(into, from, fromName, name)
      } catch (error) {
        renameAt(from.fd, fromName, folder.fd, name, 'exchange')
        throw error
      }
    })
  }

  return { move, copy }
}

/** `replaced`: the wrapper in the trash of what was there before; whoever gets it closes it. */
type Placed = Written & { replaced: Wrapper | undefined }

interface HeldFolder extends Folder {
  name: string
}

/** A folder in the workspace in which a copy grows. */
function holdDraft(workspace: Folder): HeldFolder {
  const { name, fd } = makeDraft(workspace, name => {
    mkdirSync(workspace.at(name), 0o700)
    return workspace.open(name, openFlags.readOnly | openFlags.directory)
  })
  return Object.assign(new Folder(fd), { name })
}

/** What is left of a draft becomes something to sweep; ids that came along with a move live on elsewhere. */
function abandon(workspace: Folder, name: string, keepsIds: boolean) {
  renameAt(workspace.fd, name, workspace.fd, draftName(keepsIds ? 'moved' : 'gone'))
}

function refuseInside(from: Spot, to: Spot) {
  if (from.volume.path !== to.volume.path) return
  const isPrefix = (a: readonly string[], b: readonly string[]) => a.every((name, index) => name === b[index])
  if (isPrefix(from.path, to.path) || isPrefix(to.path, from.path)) throw intoItself()
}

function intoItself() {
  return new Failure(
    'forbidden',
    'files/into-itself',
    'A folder cannot be put into itself or onto one that holds it.',
  )
}

function targetTaken() {
  return new Failure('precondition', 'files/target-exists', 'There is a file or folder of that name already.')
}
