import { errnoOf, Failure } from '../../../lib/failure.ts'
import { firstInode } from '../../parse/tree-search.ts'
import type { ChangedEntry, ChangeMark, ChangesPage, FileLink } from '../../schema.ts'
import { createLinkFinder, type LinkFinder } from './links.ts'
import { type Found, findChanged } from './search.ts'
import { committedTransid, identityOf, withSubvolume } from './subvolume.ts'

type Cursor = NonNullable<ChangesPage['next']>

const entriesAPage = 1_000
const lookupsAtOnce = 64

/**
 * What is not as it was at `mark`, page by page, in time proportional to the changes: Btrfs skips all parts of the tree
 * that are older. Nothing has to be kept for it on the disk. Each page stands for itself, so that nothing is kept here
 * either.
 */
export function changesPage(
  path: string,
  { mark, cursor, signal }: { mark: ChangeMark | null; cursor: Cursor | null; signal: AbortSignal },
): Promise<ChangesPage> {
  return withSubvolume(path, async fd => {
    const { id, uuid } = await identityOf(fd)
    const at = cursor ?? (await beginning(fd, uuid, mark))
    if (at.mark.uuid !== uuid) throw replaced()
    const { found, next } = await findChanged(fd, {
      since: at.since,
      from: at.inode,
      atLeast: entriesAPage,
      signal,
    })
    return {
      subvolumeId: id,
      isFull: at.since === 0,
      mark: at.mark,
      entries: await describe(found, createLinkFinder(fd), at.since),
      next: next === null ? null : { ...at, inode: next },
    }
  })
}

/** Of another subvolume, or from a future that did not come to pass, the mark says nothing. */
async function beginning(fd: number, uuid: string, mark: ChangeMark | null): Promise<Cursor> {
  const transid = await committedTransid(fd)
  const isUsable = mark !== null && mark.uuid === uuid && mark.transid <= transid
  return { since: isUsable ? mark.transid : 0, mark: { uuid, transid }, inode: firstInode }
}

async function describe(found: readonly Found[], finder: LinkFinder, since: number): Promise<ChangedEntry[]> {
  const entries: ChangedEntry[] = []
  for (let at = 0; at < found.length; at += lookupsAtOnce) {
    const some = found.slice(at, at + lookupsAtOnce)
    const described = await Promise.all(some.map(one => describeOne(one, finder, since)))
    entries.push(...described.filter(entry => entry !== undefined))
  }
  return entries
}

/** Undefined for what is Cairn's own. */
async function describeOne(
  { item, refs, isWritten }: Found,
  finder: LinkFinder,
  since: number,
): Promise<ChangedEntry | undefined> {
  const isTop = item.inode === firstInode
  const all = isTop || refs.length >= item.links ? refs : await finder.refsOf(item.inode)
  const links = isTop ? [] : await finder.linksOf(all)
  if (!isTop && links.length === 0) return undefined
  const { generation, transid, links: _, ...facts } = item
  return { ...facts, isNew: generation > since, isWritten, links }
}

/** All names of each of these inodes, in the order asked; none for one that is gone or Cairn's own. */
export function linksOfInodes(path: string, inodes: readonly number[]): Promise<FileLink[][]> {
  return withSubvolume(path, async fd => {
    const finder = createLinkFinder(fd)
    const all: FileLink[][] = []
    for (let at = 0; at < inodes.length; at += lookupsAtOnce) {
      const some = inodes.slice(at, at + lookupsAtOnce)
      all.push(...(await Promise.all(some.map(async inode => finder.linksOf(await finder.refsOf(inode))))))
    }
    return all
  })
}

/** Runs it; a subvolume that is not there is said to be so. */
export async function onSubvolume<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error
    throw new Failure('unavailable', 'storage/subvolume-away', `${name} is not there.`, { cause: error })
  }
}

function replaced() {
  return new Failure(
    'conflict',
    'storage/subvolume-replaced',
    'Another subvolume is in this place now. Begin again.',
  )
}
