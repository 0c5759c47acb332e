import type { Domain } from '../lib/domain.ts'
import { fileRoutes } from './routes/index.ts'
import { createFileService, type FileDeps, type FileService } from './service/index.ts'

export {
  algorithmsOf,
  type ChecksumAlgorithm,
  type Checksums,
  checksumAlgorithms,
  formatChecksums,
  parseChecksums,
} from './parse/checksums.ts'
export { formatPath, parsePath } from './parse/names.ts'
export type { Entry, Location, Person, Precondition, Volume, Volumes, WriteOptions } from './schema.ts'
export { createFileIndex, type FileIndex, type IndexDeps, indexDropMark } from './service/indexing/index.ts'
export type { OpenFile } from './service/reading.ts'
export type { Uploads } from './service/uploads/index.ts'

export interface Files extends FileService {
  domain: Domain
}

/** A person's files on the disk: the same for every face. */
export function createFiles(deps: FileDeps): Files {
  const service = createFileService(deps)
  const domain: Domain = {
    name: 'files',
    routes: fileRoutes(service),
    start: service.start,
    stop: service.stop,
  }
  return { ...service, domain }
}
