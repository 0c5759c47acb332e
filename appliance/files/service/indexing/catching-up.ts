import type { ChangedEntry, Changes, ChangesPage } from '../../../storage/index.ts'
import type { VolumeRow } from '../../store/index-store.ts'
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
export async function catchUp(deps: CatchUpDeps, volume: VolumeRow): Promise<void> {
  const { index, onLooked, signal } = deps
  const period = index.store.nextPeriod(volume.number)
  const page = await lookAtChanges(deps, volume)
  if (signal.aborted) return
  if (page.isFull && volume.uuid !== null) await index.distrust(volume.number)
  await lookAtTouched(deps, volume, period)
  index.store.write(() => {
    index.store.setMark(volume.number, { ...page.mark, subvolume: page.subvolumeId })
    if (!page.isFull) index.store.untouch(volume.number, period)
  })
  await index.listBelow(volume.number, 'all', { ...(onLooked ? { onLooked } : {}), signal })
}

/** Where the mark is of no use, only the first page: then everything is listed anew. */
async function lookAtChanges(deps: CatchUpDeps, volume: VolumeRow): Promise<ChangesPage> {
  const { changes, pool, index, onLooked, signal } = deps
  const mark = volume.uuid === null ? null : { uuid: volume.uuid, transid: volume.transid ?? 0 }
  const folders: number[] = []
  let last: ChangesPage | undefined
  for await (const page of changes.since(placeOf(pool, volume), mark)) {
    last = page
    if (page.isFull || signal.aborted) return page
    await lookAtLinks(deps, volume, page.entries)
    for (const { inode, kind } of page.entries) if (kind === 'folder') folders.push(inode)
  }
  if (!last) throw new Error('the agent told nothing')
  // Last of all, so that what was moved is found in its new place before it is missed in the old one.
  for (const inode of folders) await index.relistNames(volume.number, inode, onLooked)
  return last
}

async function lookAtLinks(
  { index, onLooked }: CatchUpDeps,
  { number }: VolumeRow,
  entries: readonly ChangedEntry[],
) {
  const byFolder = new Map<number, NameToLook[]>()
  for (const { kind, links } of entries) {
    if (kind === 'other') continue
    for (const { parent, name } of links) {
      if (name === null) continue
      const names = byFolder.get(parent)
      if (names) names.push({ name, isWritten: kind === 'file' })
      else byFolder.set(parent, [{ name, isWritten: kind === 'file' }])
    }
  }
  await index.lookIn(number, byFolder, onLooked)
}

async function lookAtTouched({ index, onLooked }: CatchUpDeps, { number }: VolumeRow, period: number) {
  let after = { parent: -1, name: '' }
  for (;;) {
    const some = index.store.touched(number, after, period, 500)
    await index.lookIn(
      number,
      Map.groupBy(some, ({ parent }) => parent),
      onLooked,
    )
    const last = some.at(-1)
    if (!last) return
    after = last
  }
}

function placeOf(pool: string, { kind, name }: VolumeRow) {
  return { pool, kind, name }
}
