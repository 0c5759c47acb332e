import { mkdirSync } from 'node:fs'
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
import { type Arrived, type Gathering, smbFolder } from './gathering.ts'
import { dropIfEmpty, readItem, type TrashItem } from './items.ts'
import { forgetSize } from './sizes.ts'
import { dropItem, itemsOf, openTrash } from './trash-folder.ts'

type Path = readonly string[]

/** `share:NAME/ITEM` or `home:USER/ITEM`; of what came over SMB just now, where it lies. */
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

export interface Restored {
  /** Where it lies now. */
  spot: Spot
  entry: Entry
  /** The folders that were made on the way, the topmost first. */
  made: Spot[]
}

export interface Trash {
  /** Of all volumes that the person sees, the newest first. */
  /** `after`: the `item` that the page before ended with; `second`: only what was deleted in it, since 1970. */
  list(
    person: Person,
    options?: { volume?: Volume; after?: string; limit?: number; second?: number },
  ): AsyncGenerator<ListedItem>
  find(person: Person, id: TrashId): Promise<ListedItem>
  stat(person: Person, id: TrashId, inside: Path): Promise<Entry>
  listInside(person: Person, id: TrashId, inside: Path): Promise<Entry[]>
  open(person: Person, id: TrashId, inside: Path): Promise<OpenFile>
  restore(person: Person, id: TrashId, options: RestoreOptions): Promise<Restored>
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
  gathering: Gathering
  log: Parameters<typeof readNames>[1]
}

/** What was deleted or replaced. Who has a right on the volume sees it; to restore or delete it takes the right to write. */
export function createTrash(deps: TrashDeps): Trash {
  const { shares, entries, sync, sweeper, reading, makeFolder, move, gathering, log } = deps

  async function* list(
    person: Person,
    { volume: only, after, limit = Number.POSITIVE_INFINITY, second }: Parameters<Trash['list']>[1] = {},
  ): AsyncGenerator<ListedItem> {
    const volumes = (only ? [only] : shares.volumes(person)).filter(volume => volume.isAvailable)
    const all: { volume: Volume; item: string; arrived?: Arrived }[] = []
    for (const volume of volumes) {
      for (const arrived of await gathering.gather(volume)) all.push({ volume, item: arrived.item, arrived })
      for (const item of itemsOf(volume)) all.push({ volume, item })
    }
    all.sort((one, other) => (one.item < other.item ? 1 : -1))
    let left = limit
    for (const { volume, item, arrived } of all) {
      if (left <= 0) return
      if (after !== undefined && item >= after) continue
      if (second !== undefined && secondOf(item) !== second) continue
      const found = arrived ?? look(volume, item)
      if (!found) continue
      left -= 1
      yield { ...found, id: `${volumeKey(volume, person)}/${arrived ? arrived.place.join('/') : item}` }
    }
  }

  function look(volume: Volume, item: string): TrashItem | undefined {
    using trash = openTrash(volume)
    return trash && saying(() => readItem(entries, volume, trash, item))
  }

  async function find(person: Person, id: TrashId): Promise<ListedItem> {
    const slash = id.indexOf('/')
    const [key, place] = [id.slice(0, slash), id.slice(slash + 1)]
    const volume = shares.volumes(person).find(one => volumeKey(one, person) === key)
    if (slash < 0 || !volume) throw noItem()
    const item = place.startsWith(`${smbFolder}/`) ? await gathering.take(volume, place.split('/')) : place
    if (item === undefined || !parseItemName(item)) throw noItem()
    const found = look(volume, item)
    if (!found) throw noItem()
    return { ...found, id: `${key}/${item}` }
  }

  /** The way to something in the trash, past what no face may name. */
  function spotOf({ volume, item, entry }: TrashItem, inside: Path): Spot {
    for (const each of inside) checkName(each)
    return { volume, path: ['.cairn', 'trash', item, entry.name, ...inside] }
  }

  async function restore(person: Person, id: TrashId, options: RestoreOptions) {
    const found = await find(person, id)
    const { inside = [], whenTaken } = options
    const from = spotOf(found, inside)
    const to = options.to ?? { volume: found.volume, path: [...found.path, ...inside], by: person }
    requireWritable(from)
    requireWritable(to)
    reading.stat(from)
    const made = await makeParents(to)
    const placed = await place(from, to, whenTaken)
    using trash = openReserved(found.volume, 'trash')
    saying(() => {
      if (inside.length === 0) dropIfEmpty(trash, found.item)
      else forgetSize(trash, found.item)
    })
    return { ...placed, made }
  }

  async function makeParents(to: Spot): Promise<Spot[]> {
    const parents = [...to.path.keys()].slice(1).map(depth => ({ ...to, path: to.path.slice(0, depth) }))
    const absent = parents.filter(parent => !isFolder(parent))
    for (const parent of absent) await makeFolder(parent)
    return absent
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
    const found = await find(person, id)
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
    stat: async (person, id, inside) => reading.stat(spotOf(await find(person, id), inside)),
    async listInside(person, id, inside) {
      const { volume, path } = spotOf(await find(person, id), inside)
      using folder = openFolder(volume, path)
      return saying(() => readNames(folder, log).flatMap(name => entries.at(volume, folder, name) ?? []))
    },
    open: async (person, id, inside) => reading.open(spotOf(await find(person, id), inside)),
    restore,
    remove,
    empty,
  }
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

function secondOf(item: string): number {
  return Math.floor((parseItemName(item)?.deletedAtMs ?? 0) / 1000)
}

function isTaken(error: unknown): boolean {
  return error instanceof Failure && error.code === 'files/target-exists'
}

function noItem(): Failure {
  return new Failure('missing', 'files/not-in-trash', 'This is not in the trash any more.')
}
