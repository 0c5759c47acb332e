import type { Activity } from '../api/journal.ts'
import { joinPath, nameOf, parentOf } from '../files/path.ts'

/** What a change is about: its name, and where that is for people. */
export interface Subject {
  /** Undefined where it is not this person's to see. */
  name: string | undefined
  /** The folder that it is or was in, in words: `/shared/Papers`. */
  folder: string | undefined
  /** Where to look for it; undefined where it cannot be looked at. */
  path: string | undefined
}

export function subjectOf({ treePath, volume, path }: Activity): Subject {
  const shown = treePath ?? wordsFor(volume, path)
  if (shown === undefined) return { name: undefined, folder: undefined, path: undefined }
  return { name: nameOf(shown) || shown, folder: parentOf(shown), path: treePath ?? undefined }
}

/** Where it was before a move, or what was copied. */
export function sourceOf({ fromVolume, fromPath }: Activity): string | undefined {
  return wordsFor(fromVolume, fromPath)
}

/** `share:photos` and `/a.jpg` are `/photos/a.jpg`; a home has no name in its owner's tree. */
function wordsFor(volume: string | null, path: string | null): string | undefined {
  if (volume === null || path === null) return undefined
  const [kind, name = ''] = splitAt(volume, ':')
  if (kind === 'home') return path
  return path === '/' ? `/${name}` : joinPath(`/${name}`, path.slice(1))
}

/** Whether it only got another name. */
export function isRename(activity: Activity): boolean {
  const { what, volume, path, fromVolume, fromPath } = activity
  if (what !== 'move' || path === null || fromPath === null) return false
  return volume === fromVolume && parentOf(path) === parentOf(fromPath)
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return [text.slice(0, at), text.slice(at + 1)]
}
