import { Failure } from '../../../lib/failure.ts'
import type { Entry, JournalEntry, JournalWhat, Person, Volumes } from '../../schema.ts'
import type { FileService } from '../index.ts'
import { createTree, type Spot, volumeKey } from '../tree.ts'
import type { Journal } from './index.ts'

type Path = readonly string[]
type Noted = Pick<JournalEntry, 'pool' | 'volume' | 'path'>

/** The same service; what changes something is noted once it has succeeded. */
export function journaled(
  service: FileService,
  { journal, shares }: { journal: Pick<Journal, 'note'>; shares: Volumes },
): FileService {
  const tree = createTree(shares)
  /** Taken before the change: a right that is taken away meanwhile must not lose the row. */
  const placeOf = (person: Person, path: Path): Noted => notedPlace(person, tree.place(person, path))

  function note(
    person: Person,
    what: JournalWhat,
    { at, from, entry }: { at: Noted; from?: Noted; entry: Entry | undefined },
  ) {
    journal.note({
      ...originOf(person),
      ...at,
      what,
      fileId: entry?.id ?? null,
      kind: entry?.kind ?? null,
      sizeBytes: entry?.kind === 'file' ? entry.size : null,
      etag: entry?.etag ?? null,
      ...(from ? { from } : {}),
    })
  }

  /** What is about to be replaced by a move or copy, whose name leads to something else afterwards. */
  async function target(person: Person, path: Path, isReplaced: boolean): Promise<Entry | undefined> {
    if (!isReplaced) return undefined
    return service.stat(person, path).catch(unlessRefused)
  }

  async function placed(
    person: Person,
    what: 'move' | 'copy',
    { from, to, overwrite }: { from: Path; to: Path; overwrite: boolean },
    work: () => ReturnType<FileService['move']>,
  ) {
    const [source, at] = [placeOf(person, from), placeOf(person, to)]
    const replaced = await target(person, to, overwrite)
    const written = await work()
    if (replaced && !written.isNew) note(person, 'delete', { at, entry: replaced })
    note(person, what, { at, from: source, entry: written.entry })
    return written
  }

  return {
    ...service,
    async write(person, path, body, options) {
      const at = placeOf(person, path)
      const written = await service.write(person, path, body, options)
      note(person, written.isNew ? 'create' : 'write', { at, entry: written.entry })
      return written
    },
    async makeFolder(person, path, options) {
      const at = placeOf(person, path)
      const entry = await service.makeFolder(person, path, options)
      note(person, 'make-folder', { at, entry })
      return entry
    },
    move: (person, from, to, options) =>
      placed(person, 'move', { from, to, overwrite: options.overwrite }, () =>
        service.move(person, from, to, options),
      ),
    copy: (person, from, to, options) =>
      placed(person, 'copy', { from, to, overwrite: options.overwrite }, () =>
        service.copy(person, from, to, options),
      ),
    async remove(person, path, options = {}) {
      const at = placeOf(person, path)
      let gone: Entry | undefined
      await service.remove(person, path, {
        ...options,
        precondition(current) {
          gone = current
          options.precondition?.(current)
        },
      })
      note(person, 'delete', { at, entry: gone })
    },
    async touch(person, path, modifiedAtMs) {
      const at = placeOf(person, path)
      const entry = await service.touch(person, path, modifiedAtMs)
      note(person, 'touch', { at, entry })
      return entry
    },
    trash: {
      ...service.trash,
      async restore(person, id, choice) {
        const restored = await service.trash.restore(person, id, choice)
        note(person, 'restore', { at: placeOf(person, restored.path), entry: restored.entry })
        return restored
      },
    },
    versions: {
      ...service.versions,
      async restore(person, path, id, options) {
        const at = placeOf(person, path)
        const written = await service.versions.restore(person, path, id, options)
        note(person, 'restore', { at, entry: written.entry })
        return written
      },
    },
    uploads: {
      ...service.uploads,
      async finish(person, transfer, to, options) {
        const at = placeOf(person, to)
        const written = await service.uploads.finish(person, transfer, to, options)
        note(person, written.isNew ? 'create' : 'write', { at, entry: written.entry })
        return written
      },
    },
  }
}

/** What came back from a snapshot: one file, or with an empty path all of a share or home. */
export interface Restored {
  actor: Person
  pool: string
  /** `share:NAME` or `home:USER`. */
  volume: string
  path: Path
}

export function createRestoredNote(
  files: Pick<FileService, 'pathOf' | 'stat'>,
  journal: Pick<Journal, 'note'>,
) {
  async function entryOf({ actor, volume, path }: Restored): Promise<Entry | undefined> {
    const shownPath = path.length === 0 ? undefined : files.pathOf(actor, { volume, path })
    if (!shownPath) return undefined
    // It may be gone again already; that it was restored stays true.
    return files.stat(actor, shownPath).catch(unlessRefused)
  }

  return async (restored: Restored): Promise<void> => {
    const { actor, pool, volume, path } = restored
    const entry = await entryOf(restored)
    journal.note({
      ...originOf(actor),
      pool,
      volume,
      path,
      what: 'restore',
      fileId: entry?.id ?? null,
      kind: path.length === 0 ? 'folder' : (entry?.kind ?? 'file'),
      sizeBytes: entry?.size ?? null,
      etag: entry?.etag ?? null,
    })
  }
}

/** Nothing there, or nothing that may be seen: whoever asked has to do without. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof Failure)) throw error
  return undefined
}

function originOf({ user, device, deviceName, face, address }: Person) {
  return {
    actor: user,
    device: device ?? null,
    deviceName: deviceName ?? null,
    address: address ?? null,
    face: face ?? 'rest',
  } as const
}

function notedPlace(person: Person, { volume, path }: Spot): Noted {
  return { pool: volume.pool, volume: volumeKey(volume, person), path }
}
