import type { Found } from './disk.ts'

const youngMs = 10_000

/** What is so young when it takes the place of another file is taken for that one's new content (docs/index.md, "Ids"). */
function mayHaveBeenNew({ bornSeconds }: Found, sinceMs: number): boolean {
  return (bornSeconds + 1) * 1000 + youngMs > sinceMs
}

export interface Trouble {
  /** The share `other` may have gone back to a snapshot since, and ids with it. */
  isTakenBack: boolean
  /** The index was forgotten; with it what would have told of a change that keeps size and time, if not yet taken in. */
  wasDropped: boolean
  /** The id of this file was nowhere for a moment. */
  mayHaveLostId(path: string): boolean
  /** The file was given a further name: where the first one goes to another file, its id does too. */
  mayHaveBeenLinked(path: string): boolean
}

/** What must hold from one quiet moment to the next. */
export function createHistory() {
  /** Which content an etag of an id stood for. */
  const contents = new Map<string, string>()
  const ofOther = new Set<string>()
  let before: ReadonlyMap<string, Found> = new Map()
  let comparedAtMs = 0

  return {
    compare(
      now: ReadonlyMap<string, Found>,
      { isTakenBack, wasDropped, mayHaveLostId, mayHaveBeenLinked }: Trouble,
    ): { path: string; text: string }[] {
      const problems: { path: string; text: string }[] = []
      const bearers = new Map<number, string>()
      const earlier = byInode(before)
      const oldIds = new Set([...before.values()].map(({ id }) => id))
      const names = countNames(now)
      // What it becomes on its way from there may be called as before, but nobody has both.
      if (isTakenBack) for (const key of ofOther) contents.delete(key)
      const isKept = (path: string) => !isTakenBack || !path.startsWith('other/')
      for (const [path, is] of now) {
        const other = bearers.get(is.id)
        if (other !== undefined) problems.push({ path, text: `has the id ${is.id}, as has ${other}` })
        bearers.set(is.id, path)
        const key = `${is.id} ${is.etag}`
        const known = contents.get(key)
        const isJudged = is.kind === 'file' && isKept(path) && !wasDropped
        if (isJudged && known !== undefined && known !== is.hash)
          problems.push({ path, text: `the etag ${is.etag} stood for other content before` })
        contents.set(key, is.hash)
        if (path.startsWith('other/')) ofOther.add(key)
        const was = earlier.get(is.inode)
        // It may have inherited the id of what it replaced. Of several names of a file each has its own.
        const hasOneName = names.get(is.inode) === 1 && !is.isFurtherName && was?.isLinked === false
        const isFromThen = !isKept(path)
        if (
          was &&
          was.id !== is.id &&
          !oldIds.has(is.id) &&
          hasOneName &&
          !isFromThen &&
          !isTemporary(was.path) &&
          !mayHaveLostId(path) &&
          !mayHaveBeenLinked(was.path) &&
          !mayHaveBeenNew(is, comparedAtMs)
        )
          problems.push({ path, text: `the id ${was.id} of ${was.path} became ${is.id}` })
      }
      comparedAtMs = Date.now()
      before = now
      return problems
    },
  }
}

function countNames(all: ReadonlyMap<string, Found>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { inode } of all.values()) counts.set(inode, (counts.get(inode) ?? 0) + 1)
  return counts
}

function byInode(all: ReadonlyMap<string, Found>) {
  const names = countNames(all)
  return new Map(
    [...all].map(([path, { id, inode }]) => [inode, { path, id, isLinked: (names.get(inode) ?? 1) > 1 }]),
  )
}

/** What takes the place of a file under such a name gets that one's id, which may have come and gone in between. */
function isTemporary(path: string): boolean {
  return /(^|\/)[.~][^/]*$|~$/.test(path)
}
