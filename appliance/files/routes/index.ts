import type { Route } from '../../http/route.ts'
import type { FileService } from '../service/index.ts'
import type { PlaceNews } from '../service/place-news.ts'
import { changeRoutes } from './changes.ts'
import { contentRoutes } from './content.ts'
import { historyRoutes } from './history.ts'
import { listingRoutes } from './listing.ts'
import { trashRoutes } from './trash.ts'
import { versionRoutes } from './versions.ts'

export function fileRoutes(files: FileService, tellProgress: PlaceNews): Route[] {
  return [
    ...listingRoutes(files),
    ...contentRoutes(files),
    ...changeRoutes(files, tellProgress),
    ...trashRoutes(files),
    ...versionRoutes(files),
    ...historyRoutes(files),
  ]
}
