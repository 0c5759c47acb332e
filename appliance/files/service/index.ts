import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../lib/clock.ts'
import type { Database } from '../../lib/database.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { ChecksumAlgorithm, Checksums } from '../parse/checksums.ts'
import type {
  ChangeOptions,
  Entry,
  Location,
  Person,
  PlaceOptions,
  RemoveOptions,
  SnapshotFiles,
  Volume,
  Volumes,
  WriteOptions,
} from '../schema.ts'
import { archiveOf } from './archive.ts'
import { createChecksumListing, createRecalculating } from './checksums.ts'
import { type CopiedListener, createCopying } from './copying.ts'
import { createEntries } from './entries.ts'
import { createLiving, createLocating, type LocateById } from './finding.ts'
import { openFolder } from './folders.ts'
import { createHistory, type History, type TrashFace, type VersionFace } from './history/index.ts'
import type { Adopt } from './indexing/adopting.ts'
import { type Change, etagOf, type FileIndex } from './indexing/index.ts'
import { createLastSeen } from './last-seen.ts'
import { createListing, describeVolume, type ListOptions } from './listing.ts'
import { createFolderMaking } from './making.ts'
import { createNews } from './news.ts'
import { createPlacing } from './placing.ts'
import { createReading, type OpenFile, quotaOf } from './reading.ts'
import { createRemoving } from './removing.ts'
import { createSweeper, type RemovedListener } from './sweeping.ts'
import { createSyncQueue } from './sync-queue.ts'
import { createTouching } from './touching.ts'
import { createTree, type Spot, volumeKey } from './tree.ts'
import { createUploads, type Uploads } from './uploads/index.ts'
import { createReplacing, createWriting, type Written } from './writing.ts'

type Path = readonly string[]

/** Everything takes a person and a path of that person's tree, as names; everything throws a Failure. */
export interface FileService {
  stat(person: Person, path: Path): Promise<Entry>
  /** What stands along the path, the top of its volume first, the entry itself last; ends early where it ends. */
  lineage(person: Person, path: Path): Promise<Entry[]>
  list(person: Person, path: Path, options?: ListOptions): AsyncIterable<Entry[]>
  /** Close it. */
  open(person: Person, path: Path): Promise<OpenFile>
  write(person: Person, path: Path, body: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<Written>
  makeFolder(person: Person, path: Path, options?: ChangeOptions): Promise<Entry>
  move(person: Person, from: Path, to: Path, options: PlaceOptions): Promise<Written>
  copy(
    person: Person,
    from: Path,
    to: Path,
    options: PlaceOptions & { isShallow?: boolean },
  ): Promise<Written>
  remove(person: Person, path: Path, options?: RemoveOptions): Promise<void>
  touch(person: Person, path: Path, modifiedAtMs: number): Promise<Entry>
  /** What is known of the content of these entries of one folder, by name: `SHA1:… MD5:…`. */
  checksums(person: Person, folder: Path, entries: readonly Entry[]): Promise<Map<string, string>>
  /** Reads the whole file. */
  recalculate(person: Person, path: Path, algorithm: ChecksumAlgorithm): Promise<Checksums>
  quota(person: Person, path: Path): Promise<{ usedBytes: number; availableBytes: number }>
  /** A zip of these files and folders, streamed. */
  writeArchive(person: Person, paths: readonly Path[]): Promise<Readable>
  locate(person: Person, path: Path): Location
  /** Where this person sees a location, or undefined. */
  pathOf(person: Person, location: Location): string[] | undefined
  /** Where this person sees the file with this id, or undefined. */
  pathById(person: Person, id: number): Promise<string[] | undefined>
  uploads: Uploads
  trash: TrashFace
  versions: VersionFace
  history: Pick<History, 'usage' | 'tidy' | 'outside'>
  /** Something came back to its place in another way than by one of these. */
  restored(location: Location): Promise<void>
  onRemoved(listener: RemovedListener): void
  onCopied(listener: CopiedListener): void
  start(): Promise<void>
  stop(): Promise<void>
}

export interface FileDeps {
  shares: Volumes
  events: Events
  log: Log
  clock?: Clock
  /** Without it, what an id belongs to is looked for everywhere. */
  locateById?: LocateById
  /** Without it there are no snapshots among the versions. */
  snapshots?: SnapshotFiles
  /** How many fsyncs may run at once. */
  syncLanes?: number
  index?: FileIndex
  /** For what is to be known of pools that are away. */
  database?: Database
  /** All volumes of the box, whose leftovers are swept at start; without it each is swept when it is first met. */
  everyVolume?: () => readonly Volume[]
  adopt?: Adopt
}

export function createFileService(deps: FileDeps): FileService {
  const { log } = deps
  const tree = createTree(deps.shares)
  const everyVolume = () => deps.everyVolume?.() ?? []
  const lastSeen = createLastSeen(deps.database, everyVolume)
  const entries = createEntries(deps.index, lastSeen)
  const sync = createSyncQueue(deps.syncLanes ? { lanes: deps.syncLanes } : {})
  const sweeper = createSweeper({ log, isLiving: createLiving(deps.index, everyVolume), adopt: deps.adopt })
  const news = createNews(deps.events)
  const copiedListeners: CopiedListener[] = []
  const onCopied: CopiedListener = async pairs => {
    for (const listener of copiedListeners) await listener(pairs)
  }
  const locateById = deps.locateById ?? createLocating(deps.index, log)
  const onTrashed = (volume: Volume) => history.deleted(volume)
  const reading = createReading(entries)
  const recalculate = createRecalculating(entries)
  let endListening: () => void = () => undefined
  const checksumsIn = createChecksumListing()
  const replace = createReplacing({
    entries,
    sync,
    onKept: (volume, id) => history.kept(volume, id),
    onWritten: ({ volume, path }, { id }) => history.written(volume, path, id),
  })
  const write = createWriting(replace)
  const makeFolder = createFolderMaking({ entries, sync })
  const remove = createRemoving({ entries, sync, sweeper, onTrashed })
  const touch = createTouching({ entries, sync })
  const list = createListing({ entries, tree, log, index: deps.index })
  const placing = createPlacing({
    entries,
    sync,
    sweeper,
    onCopied,
    onTrashed,
    log,
    copyTree: createCopying({ entries, sync, log }),
  })

  function spot(person: Person, path: Path): Spot {
    const found = tree.spot(person, path)
    meet(found.volume)
    return found
  }

  function meet(volume: Volume) {
    sweeper.meet(volume)
    incoming.meet(volume)
  }

  const incoming = createUploads({ shares: deps.shares, spot, replace, sync, sweeper, log })

  const locate = (person: Person, path: Path): Location => {
    const found = tree.spot(person, path)
    return { volume: volumeKey(found.volume, person), path: found.path }
  }

  /** Wherever it was that somebody found no space. */
  function pressed(person: Person) {
    for (const volume of deps.shares.volumes(person)) if (volume.isAvailable) history.pressed(volume)
  }

  const told = async <T>(person: Person, paths: Path[], work: Promise<T>): Promise<T> => {
    const result = await work.catch((error: unknown) => {
      if (error instanceof Failure && error.kind === 'full') pressed(person)
      throw error
    })
    for (const path of paths) news.changed(locate(person, path))
    // What is there before what has gone, so that a move is one.
    await deps.index?.changed(paths.toReversed().flatMap(path => changeAt(person, path)))
    return result
  }

  const history = createHistory({
    shares: deps.shares,
    entries,
    sync,
    sweeper,
    reading,
    makeFolder,
    move: placing.move,
    log,
    spot,
    pathOf: tree.pathOf,
    told,
    clock: deps.clock ?? systemClock,
    everyVolume,
    trashChanged: ({ kind, name }) => news.trashChanged(`${kind}:${name}`),
    replace,
    snapshots: deps.snapshots,
    events: deps.events,
    index: deps.index,
  })

  function changeAt(person: Person, path: Path): Change[] {
    const { volume, path: inside } = tree.spot(person, path)
    const name = inside.at(-1)
    return name === undefined ? [] : [{ volume, folder: inside.slice(0, -1), names: [name] }]
  }

  function statAsShown(person: Person, path: Path): Entry {
    const entry = reading.stat(spot(person, path))
    const name = path.at(-1)
    if (name === undefined) return withShares(person, entry)
    return entry.name === name ? entry : { ...entry, name }
  }

  /** The top of a person's tree is the home and the shares that they see. */
  function withShares(person: Person, home: Entry): Entry {
    if (home.etag === undefined) return home
    const shares = tree.shares(person).map(share => describeVolume(entries, share))
    const parts = shares.flatMap(({ name, right, id = 0, etag = '' }) => [name, right, id, etag])
    const size = shares.reduce((sum, share) => sum + share.size, home.size)
    return { ...home, etag: etagOf([home.etag, ...parts]), size }
  }

  return {
    stat: async (person, path) => statAsShown(person, path),
    async lineage(person, path) {
      const { volume, path: inside } = spot(person, path)
      const found = [describeVolume(entries, volume)]
      for (const depth of inside.keys()) {
        try {
          found.push(reading.stat({ volume, path: inside.slice(0, depth + 1) }))
        } catch (error) {
          if (isMissing(error)) return found
          throw error
        }
      }
      return found
    },
    list: (person, path, options) => {
      spot(person, path)
      return list(person, path, options)
    },
    open: async (person, path) => reading.open(spot(person, path)),
    write: async (person, path, body, options) =>
      told(person, [path], write(spot(person, path), body, options)),
    makeFolder: async (person, path, options) =>
      told(person, [path], makeFolder(spot(person, path), options)),
    async move(person, from, to, options) {
      using arriving = new DisposableStack()
      const work = placing.move(spot(person, from), spot(person, to), { ...options, arriving })
      return await told(person, [from, to], work)
    },
    copy: async (person, from, to, options) =>
      told(
        person,
        [to],
        placing.copy(spot(person, from), spot(person, to), { isShallow: false, ...options }),
      ),
    remove: async (person, path, options) => told(person, [path], remove(spot(person, path), options)),
    touch: async (person, path, modifiedAtMs) =>
      told(person, [path], touch(spot(person, path), modifiedAtMs)),
    async checksums(person, path, some) {
      if (!some.some(one => one.kind === 'file')) return new Map()
      const { volume, path: inside } = tree.spot(person, path)
      using folder = openFolder(volume, inside)
      const ownName = (shown: string) =>
        path.length === 0 ? (tree.spot(person, [shown]).path[0] ?? '') : shown
      return checksumsIn(folder, some, ownName)
    },
    recalculate: async (person, path, algorithm) => recalculate(spot(person, path), algorithm),
    quota: async (person, path) => quotaOf(spot(person, path)),
    async writeArchive(person, paths) {
      const source = {
        stat: async (path: Path) => statAsShown(person, path),
        list: (path: Path) => list(person, path),
        open: async (path: Path) => reading.open(tree.spot(person, path)),
      }
      // What can be refused is refused before the first byte.
      for (const path of paths) await source.stat(path)
      return archiveOf(source, paths)
    },
    uploads: {
      ...incoming.uploads,
      put: (person, ...rest) =>
        incoming.uploads.put(person, ...rest).catch(error => {
          if (error instanceof Failure && error.kind === 'full') pressed(person)
          throw error
        }),
      finish: (person, transfer, to, options) =>
        told(person, [to], incoming.uploads.finish(person, transfer, to, options)),
    },
    async pathById(person, id) {
      const found = await locateById(deps.shares.volumes(person), id)
      return found && tree.pathOf(person, { volume: volumeKey(found.volume, person), path: found.path })
    },
    trash: history.trash,
    versions: history.versions,
    history,
    locate,
    pathOf: tree.pathOf,
    async restored({ volume: key, path: inside }) {
      const found = deps.everyVolume?.().find(one => `${one.kind}:${one.name}` === key)
      // With the folders above it, which may have come back too.
      if (found)
        await deps.index?.changed(
          inside.map((name, depth) => ({ volume: found, folder: inside.slice(0, depth), names: [name] })),
        )
      news.changed({ volume: key, path: inside })
    },
    onRemoved: sweeper.onRemoved,
    onCopied: listener => void copiedListeners.push(listener),
    async start() {
      for (const volume of everyVolume()) meet(volume)
      incoming.start()
      await lastSeen.load()
      endListening = deps.events.on('storage/changed', () => {
        lastSeen.keep().catch(error => log.error('what a pool was like could not be kept', { error }))
      })
      history.start()
      deps.index?.start()
      // So that nobody is told of a state from before the last writes. Longer than that: folders are read from the disk.
      await deps.index?.settled(patienceMs)
    },
    async stop() {
      news.stop()
      incoming.stop()
      endListening()
      await history.stop()
      await deps.index?.stop()
      await lastSeen
        .keep('all')
        .catch(error => log.error('what a pool was like could not be kept', { error }))
      await sweeper.stop()
    },
  }
}

const patienceMs = 5_000

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'kind' in error && error.kind === 'missing'
}
