import type { Clock } from '../../../lib/clock.ts'
import type { Events } from '../../../lib/events.ts'
import type { ChangeOptions, Entry, Location, Person, Volume } from '../../schema.ts'
import type { FileIndex } from '../indexing/index.ts'
import type { OpenFile } from '../reading.ts'
import { type Spot, volumeKey } from '../tree.ts'
import type { Written } from '../writing.ts'
import { createGathering } from './gathering.ts'
import { createRetention, type HistoryUsage } from './retention.ts'
import { createSchedule } from './schedule.ts'
import { dropShelves } from './shelf.ts'
import { createSpares, type Spares } from './spares.ts'
import { createTrash, type ListedItem, type RestoreOptions, type TrashDeps, type TrashId } from './trash.ts'
import { createVersions, type Version, type VersionDeps } from './versions.ts'

type Path = readonly string[]

/** An item as one person sees it. */
export interface ShownItem extends ListedItem {
  /** Where it was, in that person's tree. */
  origin: string[]
}

export interface RestoreChoice {
  /** Something in a deleted folder. */
  inside?: Path
  /** Where to, with its name; else where it was. */
  to?: Path
  whenTaken: RestoreOptions['whenTaken']
}

/** What was deleted and what was overwritten, for every face. */
export interface TrashFace {
  /** The newest first. `folder`: only of the volume that this path lies in; `after`: the `item` that the page before ended with; `second`: of when it was deleted. */
  list(
    person: Person,
    options?: { folder?: Path; after?: string; limit?: number; second?: number },
  ): AsyncIterable<ShownItem>
  find(person: Person, id: TrashId): Promise<ShownItem>
  stat(person: Person, id: TrashId, inside: Path): Promise<Entry>
  listInside(person: Person, id: TrashId, inside: Path): Promise<Entry[]>
  /** Close it. */
  open(person: Person, id: TrashId, inside: Path): Promise<OpenFile>
  /** Answers its path in the person's tree. */
  restore(person: Person, id: TrashId, choice: RestoreChoice): Promise<{ path: string[]; entry: Entry }>
  /** For good. */
  remove(person: Person, id: TrashId, inside?: Path): Promise<void>
  /** For good: of the volume that this path lies in, or of all that the person may write. */
  empty(person: Person, folder?: Path): Promise<void>
}

/** What a file was before. */
export interface VersionFace {
  /** The present content first, then the newest: kept versions and snapshots. */
  list(person: Person, path: Path): Promise<Version[]>
  /** Close it. */
  open(person: Person, path: Path, id: string): OpenFile
  /** What is there now becomes a version. */
  restore(person: Person, path: Path, id: string, options?: ChangeOptions): Promise<Written>
  remove(person: Person, path: Path, id: string): Promise<void>
  /** An empty label takes it away. */
  label(person: Person, path: Path, id: string, text: string): Promise<void>
}

export interface VolumeUsage extends HistoryUsage {
  volume: Volume
  /** Its top, in the person's tree. */
  path: string[]
}

export interface History {
  trash: TrashFace
  versions: VersionFace
  /** What it takes, in each volume that the person sees and that is there. */
  usage(person: Person): Promise<VolumeUsage[]>
  /** Lets go what is due, in all volumes of the box. */
  tidy(): Promise<void>
  /** Somebody found no space in this volume. */
  pressed(volume: Volume): void
  deleted(volume: Volume): void
  kept(volume: Volume, id: number): void
  /** Somebody else than our own faces has changed this. */
  outside: Spares['outside']
  /** Our own face has written this file. */
  written: Spares['written']
  start(): void
  stop(): Promise<void>
}

export interface HistoryDeps extends Omit<TrashDeps, 'gathering'>, VersionDeps {
  clock: Clock
  events: Events
  index: FileIndex | undefined
  everyVolume(): readonly Volume[]
  /** Something came to its trash, or left it. */
  trashChanged(volume: Volume): void
  spot(person: Person, path: Path): Spot
  pathOf(person: Person, location: Location): string[] | undefined
  /** Tells what changed there. */
  told<T>(person: Person, paths: Path[], work: Promise<T>): Promise<T>
}

export function createHistory(deps: HistoryDeps): History {
  const { shares, spot, pathOf, told, trashChanged } = deps
  const gathering = createGathering(deps.log, deps.clock.now)
  const trash = createTrash({ ...deps, gathering })

  const versions = createVersions(deps)
  const { log, sweeper, everyVolume, clock, index } = deps
  const onKept = (volume: Volume, id: number) => schedule.kept(volume, id)
  const spares = createSpares({ everyVolume, index, sweeper, log, now: clock.now, onKept })
  const retention = createRetention({ gathering, spares, sweeper, log, now: clock.now })
  const schedule = createSchedule({ retention, everyVolume, log, now: clock.now })
  let unsubscribe: () => void = () => undefined
  sweeper.onRemoved(async (ids, volume) => {
    dropShelves(volume, ids)
    spares.drop(volume, ids)
  })

  function snapshotTaken({ pool, kind, name }: { pool: string; kind: 'shares' | 'homes'; name: string }) {
    const isMeant = (volume: Volume) =>
      volume.pool === pool && volume.name === name && (volume.kind === 'home') === (kind === 'homes')
    const volume = index?.isServed() ? everyVolume().find(isMeant) : undefined
    if (volume?.isAvailable && !volume.isReadOnly) spares.renew(volume)
  }

  const changed = (person: Person, id: TrashId) => {
    const volume = shares.volumes(person).find(one => id.startsWith(`${volumeKey(one, person)}/`))
    if (volume) trashChanged(volume)
  }

  const shown = (person: Person, { volume, path }: Spot): string[] =>
    pathOf(person, { volume: volumeKey(volume, person), path }) ?? [...path]

  const show = (person: Person, found: ListedItem): ShownItem => ({
    ...found,
    origin: shown(person, found),
  })

  const writable = (person: Person): Volume[] =>
    shares
      .volumes(person)
      .filter(({ right, isAvailable, isReadOnly }) => right === 'write' && isAvailable && !isReadOnly)

  return {
    trash: {
      async *list(person, { folder, after, limit, second } = {}) {
        const options = {
          ...(folder ? { volume: spot(person, folder).volume } : {}),
          ...(after === undefined ? {} : { after }),
          ...(limit === undefined ? {} : { limit }),
          ...(second === undefined ? {} : { second }),
        }
        for await (const found of trash.list(person, options)) yield show(person, found)
      },
      find: async (person, id) => show(person, await trash.find(person, id)),
      stat: trash.stat,
      listInside: trash.listInside,
      open: trash.open,
      async restore(person, id, { to, ...choice }) {
        const options = { ...choice, ...(to ? { to: spot(person, to) } : {}) }
        const { spot: place, entry, made } = await trash.restore(person, id, options)
        const path = shown(person, place)
        // What was made first is told first, and `told` begins at the end.
        await told(person, [path, ...made.map(one => shown(person, one)).reverse()], Promise.resolve())
        changed(person, id)
        return { path, entry }
      },
      async remove(person, id, inside) {
        await trash.remove(person, id, inside)
        changed(person, id)
      },
      async empty(person, folder) {
        const volumes = folder ? [spot(person, folder).volume] : writable(person)
        for (const volume of volumes) {
          await trash.empty(person, volume)
          trashChanged(volume)
        }
      },
    },
    versions: {
      list: async (person, path) => versions.list(person, spot(person, path)),
      open: (person, path, id) => versions.open(person, spot(person, path), id),
      restore: async (person, path, id, options) =>
        told(person, [path], versions.restore(person, spot(person, path), id, options)),
      remove: async (person, path, id) => versions.remove(spot(person, path), id),
      label: async (person, path, id, text) => versions.label(spot(person, path), id, text),
    },
    async usage(person) {
      const found: VolumeUsage[] = []
      for (const volume of shares.volumes(person).filter(({ isAvailable }) => isAvailable))
        found.push({ volume, path: shown(person, { volume, path: [] }), ...(await retention.usage(volume)) })
      return found
    },
    ...schedule,
    outside: spares.outside,
    written: spares.written,
    start() {
      schedule.start()
      unsubscribe = deps.events.on('storage/snapshots-changed', ({ isTaken, ...where }) => {
        if (isTaken) snapshotTaken(where)
      })
    },
    async stop() {
      unsubscribe()
      await spares.stop()
      await schedule.stop()
    },
    deleted(volume) {
      schedule.deleted(volume)
      trashChanged(volume)
    },
  }
}
