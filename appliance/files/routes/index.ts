import type { Route } from '../../http/route.ts'
import type { FileService } from '../service/index.ts'
import { changeRoutes } from './changes.ts'
import { contentRoutes } from './content.ts'
import { historyRoutes } from './history.ts'
import { listingRoutes } from './listing.ts'
import { trashRoutes } from './trash.ts'
import { versionRoutes } from './versions.ts'

export function fileRoutes(files: FileService): Route[] {
  return [
    ...listingRoutes(files),
    ...contentRoutes(files),
    ...changeRoutes(files),
    ...trashRoutes(files),
    ...versionRoutes(files),
    ...historyRoutes(files),
  ]
}
