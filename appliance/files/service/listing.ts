import { isUtf8 } from 'node:buffer'
import { readdirSync } from 'node:fs'
import type { Log } from '../../lib/log.ts'
import { FileStatus, readStatus } from '../../lib/posix.ts'
import { bareFolder } from '../plan/bare-folder.ts'
import type { Entry, Person, Volume } from '../schema.ts'
import type { ListedRow } from '../store/index-store.ts'
import { createBreather } from './bursts.ts'
import type { Entries } from './entries.ts'
import { saying } from './failures.ts'
import { type Folder, openFolder, openVolume } from './folders.ts'
import type { FileIndex } from './indexing/index.ts'
import { isHidden, type Tree } from './tree.ts'

export interface ListOptions {
  /** Goes on after this name, in the order of `isSorted`. */
  after?: string
  isSorted?: boolean
  pageSize?: number
}

const defaultPageSize = 1000

export interface ListDeps {
  entries: Entries
  tree: Tree
  log: Log
  index: Pick<FileIndex, 'pages'> | undefined
}

/**
 * The entries of a folder in pages: from the index, or from the disk where the index does not know it as it is. Then only
 * the names are held for the whole of it.
 */
export function createListing({ entries, tree, log, index }: ListDeps) {
  const status = new FileStatus()

  /** From the index; undefined where it does not know the folder as it is. */
  function known(volume: Volume, folder: Folder, { after = '', pageSize = defaultPageSize }: ListOptions) {
    if (!index || !readStatus(folder.fd, '', status)) return undefined
    const found = index.pages(volume, status.inode, after, pageSize)
    return found && entriesOf(volume, found)
  }

  async function* list(
    person: Person,
    path: readonly string[],
    options: ListOptions = {},
  ): AsyncGenerator<Entry[]> {
    const { volume, path: inside } = tree.spot(person, path)
    using folder = openFolder(volume, inside)
    if (path.length === 0) return yield* listTop(person, volume, folder, options)
    const found = known(volume, folder, options)
    if (found) return yield* found
    const names = saying(() => readNames(folder, log)).filter(name => !isHidden(inside, name))
    yield* pages(ordered(names, options), name => entries.at(volume, folder, name), options)
  }

  /** The top of the home, with the shares mixed in under names of their own: these names are held. */
  async function* listTop(
    person: Person,
    home: Volume,
    folder: Folder,
    options: ListOptions,
  ): AsyncGenerator<Entry[]> {
    const shares = new Map(tree.shares(person).map(share => [share.name, share]))
    const own = topOf(home, folder)
    const real = new Map([...own.keys()].map(name => [tree.shownName(person, name), name]))
    const describe = (shown: string) => {
      const share = shares.get(shown)
      if (share) return describeVolume(entries, share)
      const name = real.get(shown) ?? shown
      const entry = own.get(name) ?? entries.at(home, folder, name)
      return entry && entry.name !== shown ? { ...entry, name: shown } : entry
    }
    yield* pages(ordered([...real.keys(), ...shares.keys()], options), describe, options)
  }

  /** By name, with the entry where the index knows it. */
  function topOf(home: Volume, folder: Folder): Map<string, Entry | undefined> {
    const found = known(home, folder, {})
    if (found) return new Map([...found].flat().map(entry => [entry.name, entry]))
    const names = saying(() => readNames(folder, log)).filter(name => !isHidden([], name))
    return new Map(names.map(name => [name, undefined]))
  }

  return list
}

function* entriesOf(volume: Volume, rows: Iterable<ListedRow[]>): Generator<Entry[]> {
  for (const some of rows) yield some.map(row => entryOf(volume, row))
}

async function* pages(
  names: string[],
  describe: (name: string) => Entry | undefined,
  { pageSize = defaultPageSize }: ListOptions,
): AsyncGenerator<Entry[]> {
  const breathe = createBreather()
  let page: Entry[] = []
  for (const name of names) {
    const pause = breathe()
    if (pause) await pause
    const entry = saying(() => describe(name))
    if (entry) page.push(entry)
    if (page.length < pageSize) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}

function ordered(names: string[], { after, isSorted }: ListOptions): string[] {
  if (!isSorted && after === undefined) return names
  const sorted = names.sort(inCodePoints)
  return after === undefined ? sorted : sorted.filter(name => inCodePoints(name, after) > 0)
}

/** As SQLite sorts UTF-8, so that a listing that began in the index can go on from the disk. */
function inCodePoints(one: string, other: string): number {
  if (!surrogates.test(one) && !surrogates.test(other)) return one < other ? -1 : one > other ? 1 : 0
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

const surrogates = /[\ud800-\udfff]/

function entryOf(volume: Volume, row: ListedRow): Entry {
  const [name, isFolder, id, etag, size, modified, modifiedNs, born, checksums] = row
  return {
    name,
    kind: isFolder ? 'folder' : 'file',
    id: id === 0 ? undefined : id,
    etag,
    size,
    modifiedAtMs: modified * 1000 + Math.floor(modifiedNs / 1e6),
    createdAtMs: born === 0 ? undefined : born * 1000,
    right: volume.right,
    isVolumeRoot: false,
    isAvailable: true,
    volume: volume.kind,
    checksums: checksums ?? undefined,
  }
}

const replacementCharacter = '\ufffd'

/** A name that is not UTF-8 cannot be addressed by any face: it is reported, not served. */
export function readNames(folder: Folder, log: Log): string[] {
  const names = readdirSync(folder.path)
  if (!names.some(name => name.includes(replacementCharacter))) return names
  const raw = readdirSync(folder.path, 'buffer')
  const bad = raw.filter(name => !isUtf8(name))
  if (bad.length > 0) {
    log.warn('names that are not UTF-8 are not served', {
      count: bad.length,
      first: bad[0]?.toString('latin1'),
    })
  }
  return raw.filter(name => isUtf8(name)).map(name => name.toString())
}

/** A share as it stands in the tree: it stays there while its pool is away. */
export function describeVolume(entries: Entries, volume: Volume, name = volume.name): Entry {
  if (!volume.isAvailable) return absent(entries, volume, name)
  using top = openVolume(volume)
  const entry = { ...saying(() => entries.self(volume, top, name)), isVolumeRoot: true }
  entries.lastSeen?.note(volume, entry)
  return entry
}

function absent(entries: Entries, volume: Volume, name: string): Entry {
  const last = entries.lastSeen?.of(volume)
  const { right, kind } = volume
  return { ...bareFolder(name), id: last?.id, etag: last?.etag, right, volume: kind }
}
