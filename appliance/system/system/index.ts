import { createLogOperations, type LogPlaces } from './kept-log.ts'
import { createNameOperations } from './name.ts'

/** What root does for the box as a whole. `isImage`: the machine is Cairn's own. */
export function createSystemOperations(deps: { isImage: boolean } & LogPlaces) {
  return { ...createNameOperations(deps), ...createLogOperations(deps) }
}
