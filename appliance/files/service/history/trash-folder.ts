import { readdirSync } from 'node:fs'
import { Failure } from '../../../lib/failure.ts'
import { openFlags, renameAt } from '../../../lib/posix.ts'
import { parseItemName } from '../../plan/trash.ts'
import type { Volume } from '../../schema.ts'
import { saying } from '../failures.ts'
import { type Folder, openVolume } from '../folders.ts'
import { draftName, exclusively } from '../workspace.ts'

/** Undefined where nothing was ever deleted. */
export function openTrash(volume: Volume): Folder | undefined {
  using top = openVolume(volume)
  try {
    return saying(() => top.folder('.cairn/trash', openFlags.readOnly))
  } catch (error) {
    if (error instanceof Failure && error.kind === 'missing') return undefined
    throw error
  }
}

/** The names of what is in the trash. */
export function itemsOf(volume: Volume): string[] {
  using trash = openTrash(volume)
  if (!trash) return []
  return saying(() => readdirSync(trash.path)).filter(name => parseItemName(name) !== undefined)
}

/** Out of the trash, to where it is swept; its ids are told to be gone as they go. */
export function dropItem(volume: Volume, trash: Folder, item: string): void {
  exclusively(volume, workspace => renameAt(trash.fd, item, workspace.fd, draftName('gone')))
}
