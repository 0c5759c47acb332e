import { mkdirSync } from 'node:fs'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { FileStatus, openFlags, readStatus, renameAt } from '../../lib/posix.ts'
import type { Entry, PlaceOptions, Volume } from '../schema.ts'
import { holdArriving } from './arriving.ts'
import type { CopiedListener, CopyJob, createCopying } from './copying.ts'
import { createDeparting, type DepartDeps, isInTrash } from './departing.ts'
import { inTheWay, missing, sayingAsync } from './failures.ts'
import { Folder, openFolder, openParent } from './folders.ts'
import { carryVersions } from './history/carrying.ts'
import { aboutDeleting, moveInto, type Wrapper, wrapped } from './history/items.ts'
import { dropShelves } from './history/shelf.ts'
import { askBack, askBackAt } from './lent.ts'
import { syncMoved, whileFree } from './removing.ts'
import { createStock } from './stock.ts'
import { requireWritable, type Spot, splitSpot } from './tree.ts'
import { draftName, exclusively, makeDraft, openReserved, openWorkspace } from './workspace.ts'
import type { Written } from './writing.ts'

export interface PlaceDeps extends DepartDeps {
  copyTree: ReturnType<typeof createCopying>
  onCopied: CopiedListener
}

interface Source {
  volume: Volume
  inode: number
  folder: Folder
  entry: Entry
}

type BringOptions = PlaceOptions &
  Pick<CopyJob, 'keepsIds' | 'isShallow' | 'onMoved' | 'stock'> & {
    /** Just before the copy is put in place: in this folder, by this name. */
    beforePut?(copy: Folder, name: string): Promise<void>
    onPut?(): void
  }

/** Moving and copying: what is put under a name, and what was there before. */
export function createPlacing(deps: PlaceDeps) {
  const { entries, sync, sweeper, copyTree, onCopied, onTrashed } = deps
  const { requireSame, remove } = createDeparting(deps)

  async function move(from: Spot, to: Spot, options: PlaceOptions): Promise<Written> {
    requireWritable(from)
    requireWritable(to)
    splitSpot(from)
    refuseInside(from, to)
    if (from.volume.path === to.volume.path) return moveWithin(from, to, options)
    const carried: number[] = []
    const made: number[] = []
    const onMoved = async (id: number) => {
      const shelf = await carryVersions(from.volume, to.volume, { id, sync })
      if (shelf) carried.push(id)
      if (shelf === 'made') made.push(id)
    }
    using own = new DisposableStack()
    using source = openSource(from)
    const stock = createStock()
    const departing = () => ({ spot: from, ...source, stock: stock.sum() })
    let mark: Disposable | undefined
    const beforePut = async (copy: Folder, name: string) => {
      await requireSame(departing())
      // Nobody else has the ids of what lies in the trash, or they are not its own any more.
      if (isInTrash(from)) return
      mark = (options.arriving ?? own).use(holdArriving(copy, name, source.inode))
    }
    let isPut = false
    const onPut = () => {
      isPut = true
    }
    const carrying = { keepsIds: true, isShallow: false, stock, onMoved, beforePut, onPut }
    const written = await bring(source, to, { ...options, ...carrying }).catch(error => {
      if (!isPut) dropShelves(to.volume, made)
      throw error
    })
    const departed = await remove(departing(), carried)
    // There are two of it from now on.
    if (departed === 'stayed') mark?.[Symbol.dispose]()
    return written
  }

  async function copy(
    from: Spot,
    to: Spot,
    options: PlaceOptions & { isShallow: boolean },
  ): Promise<Written> {
    requireWritable(to)
    if (!options.isShallow) refuseInside(from, to)
    using source = openSource(from)
    return await bring(source, to, { ...options, keepsIds: false })
  }

  async function moveWithin(from: Spot, to: Spot, options: PlaceOptions): Promise<Written> {
    const source = splitSpot(from)
    const target = splitSpot(to)
    using sourceFolder = openFolder(source.volume, source.parent)
    using opened = new DisposableStack()
    await options.beforeCommit?.()
    await askBack(sourceFolder, source.name)
    await askBackAt(target)
    const written = exclusively(source.volume, () => {
      const targetFolder = opened.use(openParent(target.volume, target.parent))
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
    return await settle(to.volume, written)
  }

  /** Makes a copy in the target's workspace, then puts it in place at once. */
  async function bring(source: Source, to: Spot, options: BringOptions): Promise<Written> {
    const target = splitSpot(to)
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
          source: source.volume,
          keepsIds: options.keepsIds,
          isShallow: options.isShallow,
          onCopied,
          ...(options.stock ? { stock: options.stock } : {}),
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
    return await placeCopy(to, holder, workspace, options)
  }

  async function placeCopy(
    to: Spot,
    holder: HeldFolder,
    workspace: Folder,
    options: BringOptions,
  ): Promise<Written> {
    const { volume, parent, name } = splitSpot(to)
    try {
      using opened = new DisposableStack()
      await options.beforeCommit?.()
      await askBackAt({ volume, parent, name })
      await sayingAsync(async () => options.beforePut?.(holder, name))
      const written = exclusively(volume, () => {
        const folder = opened.use(openParent(volume, parent))
        const placed = put({ spot: to, folder, name, options }, holder, name, act => act())
        options.onPut?.()
        return placed
      })
      return await settle(to.volume, written)
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
    return { folder, entry, isNew: current === undefined, replaced }
  }

  /** Both names reach the disk: that of what was put there, and that of what was there before. */
  async function settle(volume: Volume, { folder, entry, isNew, replaced }: Placed): Promise<Written> {
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

  function openSource(from: Spot): Disposable & Source {
    const name = from.path.at(-1)
    const folder = openFolder(from.volume, from.path.slice(0, -1))
    try {
      const entry =
        name === undefined
          ? { ...entries.self(from.volume, folder, '.'), isVolumeRoot: true }
          : entries.at(from.volume, folder, name)
      if (!entry || !readStatus(folder.fd, name ?? '', status)) throw missing()
      const { inode } = status
      return { volume: from.volume, inode, folder, entry, [Symbol.dispose]: () => folder[Symbol.dispose]() }
    } catch (error) {
      folder[Symbol.dispose]()
      throw error
    }
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

const status = new FileStatus()

/** `replaced`: the wrapper in the trash of what was there before; whoever gets it closes it. */
type Placed = Written & { folder: Folder; replaced: Wrapper | undefined }

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
