import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
} from 'node:fs'
import { copyFile, readdir, rm } from 'node:fs/promises'
import { errnoOf, Failure } from '../../lib/failure.ts'
import {
  getXattr,
  listXattrs,
  openBeneath,
  openFlags,
  renameAt,
  setXattr,
  whileNotOpenForWriting,
} from '../../lib/posix.ts'
import { randomToken } from '../../lib/secret.ts'
import { noSuchFile } from '../parse/path.ts'

export interface SnapshotEntry {
  name: string
  kind: 'file' | 'folder'
  size: number | null
  modifiedAtMs: number
}

const { directory, readOnly, readWrite, create, exclusive, nonBlock } = openFlags

/** The files and folders in a folder of a snapshot, by name. Links and special files are not shown. */
export async function listFolder(root: string, path: readonly string[]): Promise<SnapshotEntry[]> {
  return withOpen(openRoot(root), rootFd =>
    withOpen(openFolder(rootFd, path), async fd => {
      const names = await readdir(placeOf(fd))
      const shown = path.length === 0 ? names.filter(name => name !== '.cairn') : names
      return shown.sort().flatMap(name => entryOf(name, lstatSync(placeOf(fd, name))))
    }),
  )
}

/** An open file of a snapshot; whoever gets it closes `fd`. */
export function openFile(root: string, path: readonly string[]): { fd: number; stats: Stats } {
  const rootFd = openRoot(root)
  try {
    const fd = openBeneath(rootFd, pathOf(path), readOnly | nonBlock)
    const stats = fstatSync(fd)
    if (stats.isFile()) return { fd, stats }
    closeSync(fd)
    throw noSuchFile()
  } catch (error) {
    throw asMissing(error)
  } finally {
    closeSync(rootFd)
  }
}

export interface Restoring {
  from: string
  to: string
  path: readonly string[]
  /** Awaited before a file that is there now is replaced. */
  beforeReplacing(): Promise<void>
}

/**
 * Brings one file of a snapshot back to its place in the live folder: blocks shared (reflink), with its attributes
 * and its time, durable, in one step. Throws `locked` while somebody has the present file open for writing.
 */
export async function restoreFile({ from, to, path, beforeReplacing }: Restoring): Promise<void> {
  const source = openFile(from, path)
  await withOpen(source.fd, () =>
    withOpen(openRoot(to), rootFd =>
      withOpen(openBeneath(rootFd, '.cairn/tmp', directory), async folder => {
        const temporary = `restore-${randomToken(64)}`
        try {
          await copyInto(source, folder, temporary)
          await withOpen(makeFolders(rootFd, path.slice(0, -1)), parent =>
            putInPlace({ folder, temporary }, { parent, name: path.at(-1) ?? '' }, beforeReplacing),
          )
        } catch (error) {
          await rm(placeOf(folder, temporary), { force: true })
          throw error
        }
      }),
    ),
  )
}

async function copyInto(source: { fd: number; stats: Stats }, folder: number, name: string) {
  const fd = openBeneath(folder, name, readWrite | create | exclusive, 0o600)
  await withOpen(fd, async () => {
    await copyFile(placeOf(source.fd), placeOf(fd), constants.COPYFILE_FICLONE)
    for (const xattr of listXattrs(source.fd).filter(each => each.startsWith('user.'))) {
      const value = getXattr(source.fd, xattr)
      if (value) setXattr(fd, xattr, value)
    }
    futimesSync(fd, source.stats.atimeMs / 1000, source.stats.mtimeMs / 1000)
    fsyncSync(fd)
  })
}

async function putInPlace(
  { folder, temporary }: { folder: number; temporary: string },
  { parent, name }: { parent: number; name: string },
  beforeReplacing: () => Promise<void>,
) {
  const move = () => renameAt(folder, temporary, parent, name)
  const present = openIfThere(parent, name)
  if (present === undefined) move()
  else
    await withOpen(present, async () => {
      if (!fstatSync(present).isFile()) throw folderInTheWay()
      await beforeReplacing()
      if (!whileNotOpenForWriting(present, move)) throw inUse()
    })
  await withOpen(openBeneath(parent, name, readOnly), async moved => fsyncSync(moved))
}

function openIfThere(folder: number, name: string): number | undefined {
  try {
    return openBeneath(folder, name, readOnly | nonBlock)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    if (errnoOf(error) === 'ELOOP') throw folderInTheWay()
    throw error
  }
}

/** Opens a folder of the live share, making what is missing on the way. */
function makeFolders(rootFd: number, path: readonly string[]): number {
  let fd = openBeneath(rootFd, '.', directory)
  for (const name of path) {
    const outer = fd
    try {
      fd = openOrMakeFolder(outer, name)
    } finally {
      closeSync(outer)
    }
  }
  return fd
}

function openOrMakeFolder(outer: number, name: string): number {
  try {
    return openBeneath(outer, name, directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR' || errnoOf(error) === 'ELOOP') throw folderInTheWay()
    if (errnoOf(error) !== 'ENOENT') throw error
    mkdirSync(placeOf(outer, name), { mode: 0o750 })
    return openBeneath(outer, name, directory)
  }
}

function openRoot(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    throw asMissing(error)
  }
}

function openFolder(rootFd: number, path: readonly string[]): number {
  try {
    return openBeneath(rootFd, pathOf(path), directory)
  } catch (error) {
    throw asMissing(error)
  }
}

async function withOpen<T>(fd: number, work: (fd: number) => Promise<T>): Promise<T> {
  try {
    return await work(fd)
  } finally {
    closeSync(fd)
  }
}

function entryOf(name: string, stats: Stats): SnapshotEntry[] {
  const modifiedAtMs = stats.mtimeMs
  if (stats.isDirectory()) return [{ name, kind: 'folder', size: null, modifiedAtMs }]
  return stats.isFile() ? [{ name, kind: 'file', size: stats.size, modifiedAtMs }] : []
}

/** By way of an open folder: what happens to the path above it meanwhile does not matter. */
function placeOf(fd: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`
}

function pathOf(path: readonly string[]): string {
  return path.length === 0 ? '.' : path.join('/')
}

const missingErrors = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV', 'ENAMETOOLONG', 'ENXIO'])

function asMissing(error: unknown): unknown {
  return missingErrors.has(errnoOf(error) ?? '') ? noSuchFile() : error
}

function folderInTheWay(): Failure {
  const message = 'Something that is no file has this name now. Rename it, and try again.'
  return new Failure('conflict', 'shares/in-the-way', message)
}

function inUse(): Failure {
  const message = 'Somebody has this file open for writing. Close it there, and try again.'
  return new Failure('locked', 'shares/file-open', message)
}
