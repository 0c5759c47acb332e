import { readFileSync } from 'node:fs'
import { BoundedMap } from '../../../lib/bounded-map.ts'
import { errnoOf } from '../../../lib/failure.ts'
import { FileStatus, readStatus } from '../../../lib/posix.ts'
import { isServiceProcess } from '../../../lib/service-account.ts'
import type { ChangedFolder, ChangedName } from '../../../storage/index.ts'
import type { Folder } from '../folders.ts'
import type { Looked, LookPlace } from './looking.ts'
import { openAlong } from './places.ts'
import type { NameToLook, PoolIndex } from './pool-index.ts'

export interface Outside {
  looked: Looked
  place: LookPlace
  name: string
  pids: readonly number[]
  /** Somebody who had it open for writing has closed it. */
  isWritten?: boolean | undefined
}

export interface TakingInDeps {
  index: PoolIndex
  poolPath: string
  /** What somebody else than our own processes has changed. */
  onOutside(change: Outside): void
  /** Whether a process is one of ours; else that is found out. */
  isOwn?: ((pid: number) => boolean) | undefined
}

/** So long a process of our own has for bringing the index in line itself. */
const ownMs = 2_000

/** Takes in what the feed tells: looks at each name again, those that are there first, so that what moved is not missed. */
export function createTakingIn({ index, poolPath, onOutside, isOwn }: TakingInDeps) {
  const status = new FileStatus()
  const owners = new BoundedMap<number, boolean>(500)
  /** Folders that were not where they should be: looked into once they are found. */
  const astray = new Map<string, { volume: number; news: ChangedFolder; tries: number }>()
  const deferred: { folders: ChangedFolder[]; dueAtMs: number }[] = []

  async function takeIn(folders: readonly ChangedFolder[]) {
    const [own, others] = apart(folders, ({ pids }) => pids.length > 0 && pids.every(isOwnProcess))
    if (own.length > 0) deferred.push({ folders: own, dueAtMs: Date.now() + ownMs })
    await takeInNow(others, false)
  }

  async function takeInNow(folders: readonly ChangedFolder[], isOwn: boolean) {
    // What was renamed comes first: its old name may be another file's by now, which must not pass for it.
    const [moved, others] = apart(folders, ({ kinds }) => kinds.includes('moved-to'))
    const gone: [number, ChangedFolder][] = []
    for (const folder of [...moved, ...others]) {
      const volume = index.volumeOf(folder.subvolume)
      if (!volume) continue
      const names = await lookIn(volume.number, folder, folder.names, { isOwn, which: 'there' })
      if (names.length > 0) gone.push([volume.number, { ...folder, names }])
    }
    for (const [volume, folder] of gone) await lookIn(volume, folder, folder.names, { isOwn, which: 'any' })
    await findAstray()
  }

  /** What our own processes have changed, and most likely told already. */
  async function takeInDeferred(nowMs = Date.now()) {
    const due = deferred.filter(({ dueAtMs }) => dueAtMs <= nowMs)
    deferred.splice(0, due.length)
    for (const { folders } of due) await takeInNow(folders.flatMap(notTaken), true)
  }

  /** Of what our own processes have put there, only what they have not told. */
  function notTaken(folder: ChangedFolder): ChangedFolder[] {
    const volume = index.volumeOf(folder.subvolume)?.number
    if (volume === undefined) return []
    const names = folder.names.filter(({ name, inode, kinds }) => {
      const isPut = kinds.every(kind => kind === 'moved-to' || kind === 'create')
      return (
        !isPut ||
        name === null ||
        inode === null ||
        index.store.at(volume, folder.inode, name)?.inode !== inode
      )
    })
    return names.length > 0 ? [{ ...folder, names }] : []
  }

  /** Answers those that are not there, which are left for later, unless `any` are wanted. */
  async function lookIn(
    volume: number,
    news: ChangedFolder,
    names: readonly ChangedName[],
    { isOwn, which }: { isOwn: boolean; which: 'there' | 'any' },
  ) {
    if (names.length === 0) return []
    using folder = openFolder(volume, news)
    if (!folder) {
      if (index.store.folder(volume, news.inode)) lookLater(volume, news)
      return []
    }
    const place = { volume, inode: news.inode, isTop: index.top(volume)?.inode === news.inode, folder }
    const isThere = ({ name }: ChangedName) => name === null || !index.isGone(place, name)
    const [there, missing] = which === 'any' ? [names, []] : partition(names, isThere)
    if (there.some(({ name }) => name === '.')) await lookAtItself(place)
    const pidsOf = new Map(there.map(({ name, pids }) => [name, pids]))
    const wanted = there.flatMap(asName).map(one => ({ ...one, isOwn }))
    await lookAt(place, wanted, name => pidsOf.get(name) ?? [])
    return missing
  }

  async function lookAt(place: LookPlace, names: readonly NameToLook[], pidsOf: (name: string) => number[]) {
    const fresh: Looked[] = []
    const written = new Set(names.flatMap(({ name, isWritten }) => (isWritten ? [name] : [])))
    await index.look(place, names, (looked, at, name) => {
      if (looked.row?.isListed === 0) fresh.push(looked)
      onOutside({ looked, place: at, name, pids: pidsOf(name), isWritten: written.has(name) })
    })
    await index.listBelow(
      place.volume,
      fresh.flatMap(({ row }) => (row ? [row] : [])),
      {
        isOwn: names.every(({ isOwn }) => isOwn),
        onLooked: (looked, at, name) => onOutside({ looked, place: at, name, pids: [] }),
      },
    )
  }

  /** Of a folder whose owner, mode or attributes have changed: that shows at its name, in the folder above. */
  async function lookAtItself(place: LookPlace) {
    if (place.isTop) {
      index.keepTop(place)
      return index.look(place, [])
    }
    const row = index.store.folder(place.volume, place.inode)
    using above = row && index.places.openFolder(row.volume, row.parent)
    if (!row || !above) return
    const isTop = index.top(row.volume)?.inode === row.parent
    await lookAt(
      { volume: row.volume, inode: row.parent, isTop, folder: above },
      [{ name: row.name }],
      () => [],
    )
  }

  function lookLater(volume: number, news: ChangedFolder) {
    const key = `${volume}/${news.inode}`
    const known = astray.get(key)
    if (!known) astray.set(key, { volume, news: { ...news, path: null }, tries: 0 })
    else known.news.names = [...known.news.names, ...news.names]
  }

  function openFolder(volume: number, { inode, path }: ChangedFolder): Folder | undefined {
    if (path !== null) {
      const folder = openAlong(poolPath, path.split('/'))
      if (folder && readStatus(folder.fd, '', status) && status.inode === inode) return folder
      folder?.[Symbol.dispose]()
    }
    return index.places.openFolder(volume, inode)
  }

  async function findAstray() {
    for (const [key, { volume, news, tries }] of [...astray]) {
      astray.delete(key)
      const isKnown = index.store.folder(volume, news.inode) !== undefined
      using folder = isKnown ? index.places.openFolder(volume, news.inode) : undefined
      if (folder) {
        await lookIn(volume, news, news.names, { isOwn: false, which: 'any' })
        await index.relistNames(volume, news.inode)
      } else if (tries >= mostTries && index.places.pathOf(volume, news.inode))
        throw new Error(`the folder ${news.inode} is not where it was known to be`)
      else if (isKnown && tries < mostTries) astray.set(key, { volume, news, tries: tries + 1 })
    }
  }

  function isOwnProcess(pid: number): boolean {
    if (isOwn) return isOwn(pid)
    const known = owners.get(pid)
    if (known !== undefined) return known
    const found = pid === process.pid || isOfService(pid)
    if (found !== undefined) owners.set(pid, found)
    return found ?? false
  }

  return { takeIn, takeInDeferred, hasDeferred: () => deferred.length > 0 }
}

const mostTries = 50

function asName({ name, kinds }: ChangedName): NameToLook[] {
  return name === null || name === '.' ? [] : [{ name, isWritten: kinds.includes('write') }]
}

/** The names of each folder for which `isWanted` holds, and the others. */
function apart(
  folders: readonly ChangedFolder[],
  isWanted: (name: ChangedName) => boolean,
): [ChangedFolder[], ChangedFolder[]] {
  const split = folders.map(folder => [folder, partition(folder.names, isWanted)] as const)
  const some = (which: 0 | 1) =>
    split
      .map(([folder, names]) => ({ ...folder, names: names[which] }))
      .filter(({ names }) => names.length > 0)
  return [some(0), some(1)]
}

function partition<T>(all: readonly T[], isWanted: (one: T) => boolean): [T[], T[]] {
  const wanted: T[] = []
  const others: T[] = []
  for (const one of all) (isWanted(one) ? wanted : others).push(one)
  return [wanted, others]
}

/** Undefined for one that has ended. */
function isOfService(pid: number): boolean | undefined {
  try {
    return isServiceProcess(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined
    throw error
  }
}

export type TakingIn = ReturnType<typeof createTakingIn>
