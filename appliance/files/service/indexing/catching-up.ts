import type { ChangedEntry, Changes, ChangesPage } from '../../../storage/index.ts'
import type { VolumeRow } from '../../store/index-store.ts'
import type { LookPlace } from './looking.ts'
import type { NameToLook, OnLooked, PoolIndex } from './pool-index.ts'

export interface CatchUpDeps {
  changes: Pick<Changes, 'since'>
  pool: string
  index: PoolIndex
  onLooked?: OnLooked
  signal: AbortSignal
}

/**
 * Brings the index of a volume in line with what happened while nobody looked, in time proportional to the changes:
 * what is not as it was at the mark, and what the index itself wrote since, of which a power cut may have taken some
 * away again.
 */
export async function catchUp(deps: CatchUpDeps, known: VolumeRow): Promise<void> {
  const { index, onLooked, signal } = deps
  // As it is by now: other processes, and this one, have set marks since it was read.
  const volume = index.store.volumes().find(({ number }) => number === known.number)
  if (!volume) throw new Error(`the index does not know ${known.name} any more`)
  const period = index.store.nextPeriod(volume.number)
  const page = await lookAtChanges(deps, volume)
  if (signal.aborted) return
  keepTop(index, volume)
  if (page.isFull) await index.distrust(volume.number)
  await lookAtTouched(deps, volume, period)
  await lookAtNameless(deps, volume)
  index.store.write(() => {
    index.store.setMark(volume.number, { ...page.mark, subvolume: page.subvolumeId })
    if (!page.isFull) index.store.untouch(volume.number, period)
  })
  // Another subvolume is there than the one that was known, as after going back to a snapshot.
  const isReplaced = page.isFull && volume.uuid !== null
  await index.listBelow(volume.number, 'all', {
    onLooked,
    isReplaced,
    isLate: true,
    signal,
  })
}

/** Where the mark is of no use, only the first page: then everything is listed anew. */
async function lookAtChanges(deps: CatchUpDeps, volume: VolumeRow): Promise<ChangesPage> {
  const { changes, pool, index, onLooked, signal } = deps
  const mark = volume.uuid === null ? null : { uuid: volume.uuid, transid: volume.transid ?? 0 }
  const folders: number[] = []
  const astray: NamesIn = new Map()
  let last: ChangesPage | undefined
  for await (const page of changes.since(placeOf(pool, volume), mark)) {
    last = page
    if (page.isFull || signal.aborted) return page
    await lookAt(deps, volume, linksOf(page.entries), astray)
    for (const { inode, kind } of page.entries) if (kind === 'folder') folders.push(inode)
  }
  if (!last) throw new Error('the agent told nothing')
  await lookAtAstray(deps, volume, astray)
  // Last of all, so that what was moved is found in its new place before it is missed in the old one.
  for (const inode of folders)
    if (!(await index.relistNames(volume.number, inode, { isLate: true, onLooked })))
      listAnew(index, volume, [inode])
  return last
}

/** By the inode of their folder. */
type NamesIn = Map<number, NameToLook[]>

function linksOf(entries: readonly ChangedEntry[]): NamesIn {
  const byFolder: NamesIn = new Map()
  // A link or a pipe too may have taken the place of what was known.
  for (const { links, isWritten } of entries)
    for (const { parent, name } of links)
      if (name !== null) add(byFolder, parent, [{ name, isWritten, isLate: true }])
  return byFolder
}

function add(byFolder: NamesIn, inode: number, names: readonly NameToLook[]) {
  const known = byFolder.get(inode)
  if (known) known.push(...names)
  else byFolder.set(inode, [...names])
}

/** What lies in folders that are not where they were known to be is put off: they may be found in the course of this. */
function lookAt({ index, onLooked }: CatchUpDeps, { number }: VolumeRow, byFolder: NamesIn, astray: NamesIn) {
  return index.lookIn(number, byFolder, {
    onLooked,
    // What is not known yet is new itself, and will be listed.
    onMissing(inode, names) {
      if (index.store.folder(number, inode)) add(astray, inode, names)
    },
  })
}

/** Folders in folders that were moved are found one after the other. What is never found will be listed anew. */
async function lookAtAstray(deps: CatchUpDeps, volume: VolumeRow, astray: NamesIn) {
  let missing = astray
  for (let before = missing.size + 1; missing.size > 0 && missing.size < before; ) {
    before = missing.size
    const still: NamesIn = new Map()
    await lookAt(deps, volume, missing, still)
    missing = still
  }
  listAnew(deps.index, volume, [...missing.keys()])
}

function listAnew({ store }: PoolIndex, { number }: VolumeRow, inodes: readonly number[]) {
  if (inodes.length === 0) return
  store.write(() => {
    for (const inode of inodes) store.setListed(number, inode, false)
  })
}

async function lookAtTouched(deps: CatchUpDeps, volume: VolumeRow, period: number) {
  const astray: NamesIn = new Map()
  let after = { parent: -1, name: '' }
  for (;;) {
    const some = deps.index.store.touched(volume.number, after, period, 500)
    const late = some.map(({ parent, name }) => ({ parent, name, isLate: true }))
    const byFolder = Map.groupBy<number, NameToLook & { parent: number }>(late, ({ parent }) => parent)
    await lookAt(deps, volume, byFolder, astray)
    const last = some.at(-1)
    if (!last) return lookAtAstray(deps, volume, astray)
    after = last
  }
}

/** Of other accounts, and found when there was nobody to take them over. */
async function lookAtNameless(deps: CatchUpDeps, volume: VolumeRow) {
  const some = deps.index.store.byId(0).filter(row => row.volume === volume.number)
  const names = some.map(({ parent, name }) => ({ parent, name }))
  await lookAt(
    deps,
    volume,
    Map.groupBy<number, NameToLook & { parent: number }>(names, ({ parent }) => parent),
    new Map(),
  )
}

function keepTop(index: PoolIndex, { number }: VolumeRow) {
  const top = index.top(number)
  using folder = top && index.places.openFolder(number, top.inode)
  if (top && folder) index.keepTop(lookPlace(index, number, top.inode, folder))
}

function lookPlace(index: PoolIndex, volume: number, inode: number, folder: LookPlace['folder']): LookPlace {
  return { volume, inode, isTop: index.top(volume)?.inode === inode, folder }
}

function placeOf(pool: string, { kind, name }: VolumeRow) {
  return { pool, kind, name }
}
