import { mkdirSync, readdirSync } from 'node:fs'
import { Failure } from '../../../lib/failure.ts'
import { closeDescriptor, openFlags, renameAt } from '../../../lib/posix.ts'
import { checkName } from '../../parse/names.ts'
import { parseItemName, restoredName } from '../../plan/trash.ts'
import type { Entry, Person, PlaceOptions, Volume, Volumes } from '../../schema.ts'
import type { Entries } from '../entries.ts'
import { missing, saying } from '../failures.ts'
import { type Folder, openFolder } from '../folders.ts'
import { readNames } from '../listing.ts'
import type { OpenFile } from '../reading.ts'
import { syncFolder, takeAway } from '../removing.ts'
import type { Sweeper } from '../sweeping.ts'
import type { SyncQueue } from '../sync-queue.ts'
import { requireWritable, type Spot, volumeKey } from '../tree.ts'
import {
  draftName,
  exclusively,
  exclusivelyIn,
  makeDraft,
  openReserved,
  openWorkspace,
} from '../workspace.ts'
import type { Written } from '../writing.ts'
import { dropIfEmpty, readItem, type TrashItem } from './items.ts'
import { forgetSize } from './sizes.ts'

type Path = readonly string[]

/** `share:NAME/ITEM` or `home:USER/ITEM`. */
export type TrashId = string

export interface ListedItem extends TrashItem {
  id: TrashId
}

export interface RestoreOptions {
  /** Something in a deleted folder, by its path in there; else all of the item. */
  inside?: Path
  /** Where to, with its name; else where it was. What is missing on the way is made. */
  to?: Spot
  /** `rename`: it gets a name of its own; `replace`: what is there now goes to the trash. */
  whenTaken: 'fail' | 'rename' | 'replace'
}

export interface Trash {
  /** Of all volumes that the person sees, the newest first. `after`: the last item of the page before. */
  list(
    person: Person,
    options?: { volume?: Volume; after?: string; limit?: number },
  ): AsyncGenerator<ListedItem>
  find(person: Person, id: TrashId): ListedItem
  stat(person: Person, id: TrashId, inside: Path): Entry
  listInside(person: Person, id: TrashId, inside: Path): Entry[]
  open(person: Person, id: TrashId, inside: Path): OpenFile
  /** Answers where it lies now. */
  restore(person: Person, id: TrashId, options: RestoreOptions): Promise<{ spot: Spot; entry: Entry }>
  /** For good. */
  remove(person: Person, id: TrashId, inside?: Path): Promise<void>
  /** For good, in one step however much it is. */
  empty(person: Person, volume: Volume): Promise<void>
}

export interface TrashDeps {
  shares: Volumes
  entries: Entries
  sync: SyncQueue
  sweeper: Sweeper
  reading: { stat(spot: Spot): Entry; open(spot: Spot): OpenFile }
  makeFolder(spot: Spot): Promise<Entry>
  move(from: Spot, to: Spot, options: PlaceOptions): Promise<Written>
  log: Parameters<typeof readNames>[1]
}

/** What was deleted or replaced. Who has a right on the volume sees it; to restore or delete it takes the right to write. */
export function createTrash(deps: TrashDeps): Trash {
  const { shares, entries, sync, sweeper, reading, makeFolder, move, log } = deps

  async function* list(
    person: Person,
    { volume: only, after, limit = Number.POSITIVE_INFINITY }: Parameters<Trash['list']>[1] = {},
  ): AsyncGenerator<ListedItem> {
    const volumes = (only ? [only] : shares.volumes(person)).filter(volume => volume.isAvailable)
    const all = volumes.flatMap(volume => itemsOf(volume).map(item => ({ volume, item })))
    all.sort((one, other) => (one.item < other.item ? 1 : -1))
    let left = limit
    for (const { volume, item } of all) {
      if (left <= 0) return
      if (after !== undefined && item >= after) continue
      const found = look(volume, item)
      if (!found) continue
      left -= 1
      yield { ...found, id: `${volumeKey(volume, person)}/${item}` }
    }
  }

  function look(volume: Volume, item: string): TrashItem | undefined {
    using trash = openTrash(volume)
    return trash && saying(() => readItem(entries, volume, trash, item))
  }

  function find(person: Person, id: TrashId): ListedItem {
    const slash = id.indexOf('/')
    const [key, item] = [id.slice(0, slash), id.slice(slash + 1)]
    const volume = shares.volumes(person).find(one => volumeKey(one, person) === key)
    if (slash < 0 || !volume || !parseItemName(item)) throw noItem()
    const found = look(volume, item)
    if (!found) throw noItem()
    return { ...found, id }
  }

  /** The way to something in the trash, past what no face may name. */
  function spotOf({ volume, item, entry }: TrashItem, inside: Path): Spot {
    for (const each of inside) checkName(each)
    return { volume, path: ['.cairn', 'trash', item, entry.name, ...inside] }
  }

  async function restore(person: Person, id: TrashId, options: RestoreOptions) {
    const found = find(person, id)
    const { inside = [], whenTaken } = options
    const from = spotOf(found, inside)
    const to = options.to ?? { volume: found.volume, path: [...found.path, ...inside], by: person }
    requireWritable(from)
    requireWritable(to)
    reading.stat(from)
    await makeParents(to)
    const placed = await place(from, to, whenTaken)
    using trash = openReserved(found.volume, 'trash')
    saying(() => {
      if (inside.length === 0) dropIfEmpty(trash, found.item)
      else forgetSize(trash, found.item)
    })
    return placed
  }

  async function makeParents({ volume, path, by }: Spot) {
    for (const depth of path.keys()) {
      if (depth === 0 || isFolder({ volume, path: path.slice(0, depth) })) continue
      await makeFolder({ volume, path: path.slice(0, depth), ...(by ? { by } : {}) })
    }
  }

  function isFolder(spot: Spot): boolean {
    try {
      return reading.stat(spot).kind === 'folder'
    } catch (error) {
      if (error instanceof Failure && error.kind === 'missing') return false
      throw error
    }
  }

  async function place(from: Spot, to: Spot, whenTaken: RestoreOptions['whenTaken']) {
    const name = to.path.at(-1) ?? ''
    for (let attempt = 0; ; attempt += 1) {
      const path = attempt === 0 ? to.path : [...to.path.slice(0, -1), restoredName(name, attempt)]
      try {
        const { entry } = await move(from, { ...to, path }, { overwrite: whenTaken === 'replace' })
        return { spot: { ...to, path }, entry }
      } catch (error) {
        if (whenTaken !== 'rename' || !isTaken(error)) throw error
      }
    }
  }

  async function remove(person: Person, id: TrashId, inside: Path = []) {
    const found = find(person, id)
    const spot = spotOf(found, inside)
    requireWritable(spot)
    using trash = openReserved(found.volume, 'trash')
    if (inside.length === 0) {
      dropItem(found.volume, trash, found.item)
      await syncFolder(trash, sync)
    } else {
      using folder = openFolder(found.volume, spot.path.slice(0, -1))
      exclusively(found.volume, workspace => {
        const entry = entries.at(found.volume, folder, inside.at(-1) ?? '')
        if (!entry) throw missing()
        takeAway(folder, entry, workspace)
      })
      forgetSize(trash, found.item)
      await syncFolder(folder, sync)
    }
    sweeper.sweep(found.volume)
  }

  async function empty(person: Person, volume: Volume) {
    requireWritable({ volume, path: [], by: person })
    using _trash = openReserved(volume, 'trash')
    using cairn = openFolder(volume, ['.cairn'])
    saying(() => exchangeForEmpty(volume, cairn))
    await syncFolder(cairn, sync)
    sweeper.sweep(volume)
  }

  return {
    list,
    find,
    stat: (person, id, inside) => reading.stat(spotOf(find(person, id), inside)),
    listInside(person, id, inside) {
      const { volume, path } = spotOf(find(person, id), inside)
      using folder = openFolder(volume, path)
      return saying(() => readNames(folder, log).flatMap(name => entries.at(volume, folder, name) ?? []))
    },
    open: (person, id, inside) => reading.open(spotOf(find(person, id), inside)),
    restore,
    remove,
    empty,
  }
}

/** The names of what is in the trash. */
export function itemsOf(volume: Volume): string[] {
  using trash = openTrash(volume)
  if (!trash) return []
  return saying(() => readdirSync(trash.path)).filter(name => parseItemName(name) !== undefined)
}

/** Undefined where nothing was ever deleted. */
export function openTrash(volume: Volume): Folder | undefined {
  try {
    return openFolder(volume, ['.cairn', 'trash'])
  } catch (error) {
    if (error instanceof Failure && error.kind === 'missing') return undefined
    throw error
  }
}

/** Out of the trash, to where it is swept; its ids are told to be gone as they go. */
export function dropItem(volume: Volume, trash: Folder, item: string): void {
  exclusively(volume, workspace => renameAt(trash.fd, item, workspace.fd, draftName('gone')))
}

function exchangeForEmpty(volume: Volume, cairn: Folder) {
  using workspace = openWorkspace(volume)
  const { name, fd } = makeDraft(workspace, fresh => {
    mkdirSync(workspace.at(fresh), 0o700)
    return workspace.open(fresh, openFlags.readOnly | openFlags.directory)
  })
  try {
    exclusivelyIn(workspace, () => {
      renameAt(workspace.fd, name, cairn.fd, 'trash', 'exchange')
      renameAt(workspace.fd, name, workspace.fd, draftName('gone'))
    })
  } finally {
    closeDescriptor(fd)
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Failure && error.code === 'files/target-exists'
}

function noItem(): Failure {
  return new Failure('missing', 'files/not-in-trash', 'This is not in the trash any more.')
}
