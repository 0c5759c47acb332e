import type { Entry } from '../../api/files.ts'
import { readTrash, type TrashChoice } from '../../api/trash.ts'
import { joinPath } from '../path.ts'

const atOnce = 1000

/** Where in the trash lies what was deleted just now: the newest of that id, or without an id of that place. */
export async function findDeleted(folder: string, entries: readonly Entry[]): Promise<TrashChoice[]> {
  const wanted = new Map(entries.map(entry => [keyOf(entry.id, joinPath(folder, entry.name)), entry]))
  const found: TrashChoice[] = []
  for (let after: string | undefined; wanted.size > 0; ) {
    const page = await readTrash({ path: folder, after, limit: atOnce })
    for (const { id, fileId, path } of page.items) {
      const isOne = wanted.delete(keyOf(fileId, path)) || wanted.delete(keyOf(null, path))
      if (isOne) found.push({ id })
    }
    if (page.next === null) break
    after = page.next
  }
  return found
}

function keyOf(id: number | null, path: string): string {
  return id === null ? `at ${path}` : `id ${id}`
}
