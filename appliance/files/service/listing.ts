import { isUtf8 } from 'node:buffer'
import { readdirSync } from 'node:fs'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { FileStatus, readStatus } from '../../lib/posix.ts'
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
  index: Pick<FileIndex, 'isTrue' | 'page'> | undefined
}

/**
 * The entries of a folder in pages: from the index, or from the disk where the index does not know all of them. Then only
 * the names are held for the whole of it.
 */
export function createListing({ entries, tree, log, index }: ListDeps) {
  const status = new FileStatus()

  /** Only below the top of the tree, where shares are mixed in under names of their own. */
  function* known(volume: Volume, folder: Folder, { after = '', pageSize = defaultPageSize }: ListOptions) {
    if (!index?.isTrue(volume) || !readStatus(folder.fd, '', status)) return
    const { inode } = status
    let rows = index.page(volume, inode, after, pageSize)
    if (!rows) return
    while (rows && rows.length > 0) {
      yield rows.map(row => entryOf(volume, row))
      const last = rows.at(-1)?.[0]
      if (rows.length < pageSize || last === undefined) break
      rows = index.page(volume, inode, last, pageSize)
      // What has been listed so far is not all: the reader must not take it for that.
      if (!rows) throw changedMeanwhile()
    }
    return true
  }

  async function* list(
    person: Person,
    path: readonly string[],
    options: ListOptions = {},
  ): AsyncGenerator<Entry[]> {
    const { volume, path: inside } = tree.spot(person, path)
    using folder = openFolder(volume, inside)
    if (path.length > 0 && (yield* known(volume, folder, options))) return
    const shares = path.length === 0 ? tree.shares(person) : []
    const own = saying(() => readNames(folder, log)).filter(name => !isHidden(inside, name))
    const names = path.length === 0 ? own.map(name => tree.shownName(person, name)) : own
    const real = new Map(path.length === 0 ? names.map((shown, index) => [shown, own[index] ?? shown]) : [])
    const all = ordered([...names, ...shares.map(share => share.name)], options)
    const describe = (name: string) => {
      const share = shares.find(one => one.name === name)
      if (share) return describeVolume(entries, share)
      const entry = entries.at(volume, folder, real.get(name) ?? name)
      return entry && entry.name !== name ? { ...entry, name } : entry
    }
    yield* pages(all, describe, options.pageSize ?? defaultPageSize)
  }
  return list
}

async function* pages(
  names: string[],
  describe: (name: string) => Entry | undefined,
  size: number,
): AsyncGenerator<Entry[]> {
  const breathe = createBreather()
  let page: Entry[] = []
  for (const name of names) {
    const pause = breathe()
    if (pause) await pause
    const entry = saying(() => describe(name))
    if (entry) page.push(entry)
    if (page.length < size) continue
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

function changedMeanwhile(): Failure {
  return new Failure(
    'unavailable',
    'files/changed-meanwhile',
    'The folder changed while it was listed. Try again.',
  )
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
  if (!volume.isAvailable) return absent(volume, name)
  using top = openVolume(volume)
  return { ...saying(() => entries.self(volume, top, name)), isVolumeRoot: true }
}

function absent(volume: Volume, name: string): Entry {
  return {
    name,
    kind: 'folder',
    id: undefined,
    etag: undefined,
    size: 0,
    modifiedAtMs: 0,
    createdAtMs: undefined,
    right: volume.right,
    isVolumeRoot: true,
    isAvailable: false,
    volume: volume.kind,
  }
}
