import { readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { errnoOf, Failure } from '../../../lib/failure.ts'
import type { Log } from '../../../lib/log.ts'
import {
  closeDescriptor,
  FileStatus,
  openFlags,
  readStatus,
  reflinkAside,
  renameAt,
  setModified,
  setXattr,
} from '../../../lib/posix.ts'
import {
  createAllowance,
  isNewContent,
  isWorthKeeping,
  mostSpareBytes,
  mostSpares,
  ownSpareRate,
  type Rate,
  spareRate,
} from '../../plan/spares.ts'
import { parseVersionName, versionName } from '../../plan/versions.ts'
import type { Volume } from '../../schema.ts'
import { etagOf } from '../checksums.ts'
import { carryAttributes, fileMode } from '../drafts.ts'
import { type Folder, openFolder, openVolume } from '../folders.ts'
import { identityOf, randomId, writeIdentity } from '../ids.ts'
import type { FileIndex, OutsideChange } from '../indexing/index.ts'
import type { Sweeper } from '../sweeping.ts'
import { draftName, exclusively, makeIfMissing, openReserved, openReservedIfThere } from '../workspace.ts'
import { makeShelf, namesOn } from './shelf.ts'
import { carryWriter, keepingWriter, readWriter, writeWriter } from './writers.ts'

/** docs/on-disk-format.md, "Versions": the number of the inode that this is a reflink of. */
export const sourceAttribute = 'user.cairn.source'
/** docs/on-disk-format.md, "Versions": the newer ones first. */
const generations = ['spares', 'spares-before'] as const

export interface SparesDeps {
  everyVolume(): readonly Volume[]
  index: FileIndex | undefined
  sweeper: Pick<Sweeper, 'sweep'>
  log: Log
  now(): number
  /** A spare has become a version of the file with this id. */
  onKept(volume: Volume, id: number): void
  untilGoneMs?: number
}

/** A change of one file, as far as it matters here. */
interface Task {
  volume: Volume
  path: readonly string[]
  id: number
  /** What is there is to have a spare from now on. */
  isNew: boolean
  /** It has been asked whether there may be one more. */
  isAllowed: boolean
  /** The first attempt met with another change. */
  isAgain?: boolean
  /** Who wrote it, where that is known. */
  author: string | undefined
}

interface Gone {
  volume: Volume
  id: number
  dueAtMs: number
}

export interface Spares {
  /** Somebody else than our own faces has changed this. */
  outside(change: OutsideChange, author: string | undefined): void
  /** Our own face has written this file, which somebody may overwrite from outside. */
  written(volume: Volume, path: readonly string[], id: number | undefined): void
  /** From here on a snapshot has what the spares of this volume stand for. */
  renew(volume: Volume): void
  /** Files with these ids are gone for good. */
  drop(volume: Volume, ids: readonly number[]): void
  /** Space is short. */
  dropAll(volume: Volume): Promise<void>
  stop(): Promise<void>
}

/** What vanishes and comes back so soon is the same file (docs/index.md, "Ids"), and then what it was is a version of it. */
const vanishingMs = 15_000
const mostWaiting = 10_000
/** Up to here it is read whether new content is new. */
const comparedBytes = 1024 * 1024

/**
 * Who overwrites a file from outside leaves nothing of what it was. So of each file that was written a spare is kept: a
 * reflink of its present content, which becomes a version when somebody from outside puts another one there.
 */
export function createSpares(deps: SparesDeps): Spares {
  const { everyVolume, index, sweeper, log, now, onKept, untilGoneMs = vanishingMs } = deps
  const waiting = new Map<string, Task>()
  const gone = new Map<string, Gone>()
  const outsiders = allowances(spareRate)
  const ourselves = allowances(ownSpareRate)
  const counts = new Map<string, number>()
  /** Pools on filesystems that know no reflinks. */
  const unable = new Set<string>()
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let isStopping = false

  function enqueue(task: Task) {
    if (unable.has(task.volume.pool) || !isWorthKeeping(task.path)) return
    const key = keyOf(task)
    const known = waiting.get(key)
    if (!known && waiting.size >= mostWaiting) return
    waiting.delete(key)
    waiting.set(key, {
      ...task,
      isNew: task.isNew || known?.isNew === true,
      isAllowed: task.isAllowed || known?.isAllowed === true,
      author: task.author ?? (task.isNew ? undefined : known?.author),
    })
    running ??= run().finally(() => {
      running = undefined
    })
  }

  async function run() {
    for (const [key, task] of waiting) {
      waiting.delete(key)
      if (isStopping) return
      try {
        await perform(task)
      } catch (error) {
        if (noReflinks.has(errnoOf(error) ?? '')) unable.add(task.volume.pool)
        if (!isOfNoMatter(error))
          log.warn('what a file was could not be kept', { volume: task.volume.name, id: task.id, error })
      }
    }
  }

  async function perform(task: Task) {
    using folder = openFolder(task.volume, task.path.slice(0, -1))
    const fd = folder.open(task.path.at(-1) ?? '')
    try {
      await look(task, fd)
    } finally {
      closeDescriptor(fd)
    }
  }

  async function look(task: Task, fd: number) {
    const { volume, id } = task
    const present = new FileStatus()
    const identity = identityOf(fd)
    if (!identity || !readStatus(fd, '', present) || present.kind !== 'file') return
    if (identity.id !== id && present.links === 1) return
    using spare = openSpare(volume, id)
    if (spare) {
      if (isSameTime(spare.status, present)) return
      const isUntold = !task.isNew && spare.generation === identity.generation
      const isAsBefore =
        spare.status.sizeBytes === present.sizeBytes && (isUntold || hasSameBytes(spare.fd, fd, present))
      // Only its time was set.
      if (isAsBefore) return keepingWriter(spare.fd, () => setModified(spare.fd, present))
      retire(volume, id, spare)
    }
    if (!task.isNew || present.sizeBytes === 0 || present.sizeBytes > mostSpareBytes) return
    if (!task.isAllowed && !outsiders.of(volume).take(now())) return
    const isWhole = await make(task, { fd, present, generation: identity.generation })
    // Its time was set meanwhile; or somebody writes into it again, and will be done sometime.
    if (!isWhole && !task.isAgain) enqueue({ ...task, isAllowed: true, isAgain: true })
  }

  async function make(
    { volume, id, author }: Task,
    { fd, present, generation }: { fd: number; present: FileStatus; generation: number },
  ): Promise<boolean> {
    makeRoomForOne(volume)
    using spares = openGeneration(volume)
    unlinkIfThere(spares, id)
    const toFd = spares.open(
      String(id),
      openFlags.readWrite | openFlags.create | openFlags.exclusive,
      fileMode,
    )
    let isWhole = false
    try {
      await reflinkAside(fd, toFd)
      carryAttributes(fd, toFd)
      writeIdentity(toFd, { id, generation })
      setXattr(toFd, sourceAttribute, Buffer.from(String(present.inode)))
      setModified(toFd, present)
      if (author === undefined) carryWriter(fd, toFd)
      else writeWriter(toFd, etagOf(toFd), author)
      const after = new FileStatus()
      isWhole = readStatus(fd, '', after) && isSameTime(after, present)
      return isWhole
    } finally {
      if (!isWhole) unlinkIfThere(spares, id)
      closeDescriptor(toFd)
    }
  }

  function retire(volume: Volume, id: number, { folder, status }: OpenSpare) {
    const isKept = exclusively(volume, () => {
      using shelf = makeShelf(volume, { id, size: status.sizeBytes })
      if (!shelf || isOnShelf(shelf, status)) {
        unlinkIfThere(folder, id)
        return false
      }
      const name = versionName(status.modifiedAtMs, now(), randomId().toString(36))
      renameAt(folder.fd, String(id), shelf.fd, name, 'no-replace')
      return true
    })
    if (isKept) onKept(volume, id)
  }

  function makeRoomForOne(volume: Volume) {
    const count = counts.get(volume.path) ?? countIn(volume)
    if (count >= mostSpares) renew(volume)
    counts.set(volume.path, count >= mostSpares ? 1 : count + 1)
  }

  function renew(volume: Volume) {
    counts.delete(volume.path)
    try {
      exclusively(volume, workspace => {
        using versions = openReserved(volume, 'versions')
        const [newer, older] = generations
        moveIfThere(versions, older, workspace, draftName('moved'))
        moveIfThere(versions, newer, versions, older)
      })
      sweeper.sweep(volume)
    } catch (error) {
      if (!isOfNoMatter(error)) throw error
    }
  }

  /** Its id has gone on to what took its place; or that is still to come. */
  function goneAway(volume: Volume, id: number) {
    if (passedOn(volume, id)) return
    if (gone.size < mostWaiting)
      gone.set(`${volume.path} ${id}`, { volume, id, dueAtMs: now() + untilGoneMs })
    timer ??= setTimeout(dropGone, untilGoneMs).unref()
  }

  function dropGone() {
    timer = undefined
    const due = [...gone].filter(([, { dueAtMs }]) => dueAtMs <= now())
    for (const [key, { volume, id }] of due) {
      gone.delete(key)
      if (!passedOn(volume, id)) drop(volume, [id])
    }
    if (gone.size > 0) timer = setTimeout(dropGone, untilGoneMs).unref()
  }

  function passedOn(volume: Volume, id: number): boolean {
    const heir = index?.byId([volume], id)
    if (heir) enqueue({ ...heir, id, isNew: true, isAllowed: false, author: undefined })
    return heir !== undefined
  }

  function drop(volume: Volume, ids: readonly number[]) {
    try {
      for (const name of generations) {
        using spares = openIfThere(volume, name)
        if (spares) for (const id of ids) unlinkIfThere(spares, id)
      }
    } catch (error) {
      if (!isOfNoMatter(error)) throw error
    }
  }

  return {
    outside(change, author) {
      const { kind, row, before } = change.looked
      const volume = everyVolume().find(
        one => one.pool === change.pool && `${one.kind}:${one.name}` === change.volume,
      )
      if (!volume || isStopping) return
      if (kind === 'gone' && before && !before.isFolder && before.id !== 0) goneAway(volume, before.id)
      if (kind === 'gone' || !row || row.isFolder || row.id === 0) return
      if (kind === 'new' && !change.isWritten) return
      enqueue({
        volume,
        path: change.path,
        id: row.id,
        isNew: isNewContent(change),
        isAllowed: false,
        author,
      })
    },
    written(volume, path, id) {
      if (id === undefined || isStopping || !ourselves.of(volume).take(now())) return
      enqueue({ volume, path, id, isNew: true, isAllowed: true, author: undefined })
    },
    renew,
    drop,
    async dropAll(volume) {
      counts.delete(volume.path)
      using top = openVolume(volume)
      for (const name of generations)
        await rm(top.at(`.cairn/versions/${name}`), { recursive: true, force: true })
    },
    async stop() {
      isStopping = true
      clearTimeout(timer)
      await running
    },
  }
}

/** One for each pool. */
function allowances(rate: Rate) {
  const known = new Map<string, ReturnType<typeof createAllowance>>()
  return {
    of({ pool }: Volume) {
      const allowance = known.get(pool) ?? createAllowance(rate)
      known.set(pool, allowance)
      return allowance
    },
  }
}

/** Who wrote the present content from outside, as its spare tells. */
export function writerOfSpare(volume: Volume, id: number, etag: string | undefined): string | undefined {
  for (const name of generations) {
    using spares = openIfThere(volume, name)
    const writer = spares && readWriter(spares.at(String(id)), etag)
    if (writer !== undefined) return writer
  }
  return undefined
}

interface OpenSpare extends Disposable {
  folder: Folder
  fd: number
  status: FileStatus
  generation: number | undefined
}

function openSpare(volume: Volume, id: number): OpenSpare | undefined {
  for (const name of generations) {
    const folder = openIfThere(volume, name)
    const fd = folder && openIn(folder, id)
    if (!folder || fd === undefined) {
      folder?.[Symbol.dispose]()
      continue
    }
    const status = new FileStatus()
    readStatus(fd, '', status)
    return {
      folder,
      fd,
      status,
      generation: identityOf(fd)?.generation,
      [Symbol.dispose]() {
        closeDescriptor(fd)
        folder[Symbol.dispose]()
      },
    }
  }
  return undefined
}

function openIn(folder: Folder, id: number): number | undefined {
  try {
    return folder.open(String(id))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function openIfThere(volume: Volume, name: (typeof generations)[number]): Folder | undefined {
  return openReservedIfThere(volume, `versions/${name}`)
}

function openGeneration(volume: Volume): Folder {
  using versions = openReserved(volume, 'versions')
  makeIfMissing(versions.at(generations[0]))
  return versions.folder(generations[0], openFlags.readOnly)
}

function countIn(volume: Volume): number {
  using spares = openIfThere(volume, generations[0])
  return spares ? readdirSync(spares.path).length : 0
}

const aside = new FileStatus()

/** Our own faces have kept it already, as they overwrote it. */
function isOnShelf(shelf: Folder, status: FileStatus): boolean {
  return namesOn(shelf).some(
    name =>
      parseVersionName(name)?.modifiedAtMs === status.modifiedAtMs &&
      readStatus(shelf.fd, name, aside) &&
      isSameTime(aside, status),
  )
}

function isSameTime(one: FileStatus, other: FileStatus): boolean {
  return (
    one.sizeBytes === other.sizeBytes &&
    one.modifiedSeconds === other.modifiedSeconds &&
    one.modifiedNanoseconds === other.modifiedNanoseconds
  )
}

function hasSameBytes(one: number, other: number, { sizeBytes }: FileStatus): boolean {
  return sizeBytes <= comparedBytes && readFileSync(one).equals(readFileSync(other))
}

function unlinkIfThere(folder: Folder, id: number) {
  ignoringMissing(() => unlinkSync(folder.at(String(id))))
}

function moveIfThere(from: Folder, name: string, to: Folder, newName: string) {
  ignoringMissing(() => renameAt(from.fd, name, to.fd, newName))
}

function ignoringMissing(act: () => void) {
  try {
    act()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

function keyOf({ volume, id }: Pick<Task, 'volume' | 'id'>): string {
  return `${volume.path} ${id}`
}

const noReflinks = new Set(['EOPNOTSUPP', 'ENOTSUP', 'ENOTTY', 'ENOSYS'])
/** It has gone or changed meanwhile, is not ours to read, or cannot be reflinked; or room is short. */
const ofNoMatter = new Set([
  ...['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EACCES', 'EPERM', 'EROFS', 'EEXIST'],
  ...['ENOSPC', 'EDQUOT', 'EXDEV', 'EINVAL', 'ETXTBSY', ...noReflinks],
])

function isOfNoMatter(error: unknown): boolean {
  return error instanceof Failure || ofNoMatter.has(errnoOf(error) ?? '')
}
