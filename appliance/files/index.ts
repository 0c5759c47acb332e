import type { Domain } from '../lib/domain.ts'
import { fileRoutes } from './routes/index.ts'
import { indexRoutes } from './routes/index-state.ts'
import { createFileService, type FileDeps, type FileService } from './service/index.ts'
import type { Journal } from './service/journal/index.ts'
import { createRestoredNote, journaled, type Restored } from './service/journal/journaled.ts'
import { createPlaceNews } from './service/place-news.ts'
import { lastSeenMigrations } from './store/last-seen.ts'

export {
  algorithmsOf,
  type ChecksumAlgorithm,
  type Checksums,
  checksumAlgorithms,
  formatChecksums,
  parseChecksums,
} from './parse/checksums.ts'
export { formatPath, parsePath } from './parse/names.ts'
export { bareFolder } from './plan/bare-folder.ts'
export { davTrashName, parseDavTrashName } from './plan/trash.ts'
export { davVersionNames } from './plan/versions.ts'
export type {
  Entry,
  JournalEntry,
  Location,
  Person,
  Precondition,
  Volume,
  Volumes,
  WriteOptions,
} from './schema.ts'
export type { LocateById } from './service/finding.ts'
export type { ShownItem, TrashFace, VersionFace } from './service/history/index.ts'
export type { Version } from './service/history/versions.ts'
export { createFileIndex, type FileIndex, type IndexDeps, indexDropMark } from './service/indexing/index.ts'
export { createJournal, type Journal } from './service/journal/index.ts'
export { createOutsideNotes } from './service/journal/outside.ts'
export type { OpenFile } from './service/reading.ts'
export type { Uploads } from './service/uploads/index.ts'
export { ownCacheBytes } from './store/index-database.ts'

export interface Files extends FileService {
  domain: Domain
  /** Something came back from a snapshot. */
  noteRestored(restored: Restored): Promise<void>
}

/** A person's files on the disk: the same for every face. */
export function createFiles({ journal, ...deps }: FileDeps & { journal?: Journal }): Files {
  const plain = createFileService(deps)
  const service = journal ? journaled(plain, { journal, shares: deps.shares }) : plain
  const domain: Domain = {
    name: 'files',
    migrations: lastSeenMigrations,
    routes: [
      ...fileRoutes(service, createPlaceNews(deps.events)),
      ...(deps.index ? indexRoutes(deps.index) : []),
      ...(journal?.domain.routes ?? []),
    ],
    checks: [...(journal?.domain.checks ?? [])],
    async start() {
      journal?.start()
      await service.start()
    },
    async stop() {
      await service.stop()
      await journal?.stop()
    },
  }
  const noteInJournal = journal ? createRestoredNote(service, journal) : async () => undefined
  return {
    ...service,
    domain,
    async noteRestored(restored) {
      await service.restored(restored)
      await noteInJournal(restored).catch(error =>
        deps.log.error('a restore is missing in the journal', { error }),
      )
    },
  }
}
