const timeDigits = 9

/** A kept version in the folder of its file: the time of its content, then when it became a version and a token. */
export function versionName(modifiedAtMs: number, keptAtMs: number, token: string): string {
  const kept = Math.max(0, Math.floor(keptAtMs)).toString(36).padStart(timeDigits, '0')
  return `${String(Math.max(0, Math.floor(modifiedAtMs))).padStart(13, '0')}-${kept}${token}`
}

const pattern = /^(\d{13,15})-([0-9a-z]{9})[0-9a-z]{1,32}$/

export function parseVersionName(name: string): { modifiedAtMs: number; keptAtMs: number } | undefined {
  const [, time, kept] = pattern.exec(name) ?? []
  if (time === undefined || kept === undefined) return undefined
  return { modifiedAtMs: Number(time), keptAtMs: Number.parseInt(kept, 36) }
}

export const currentId = 'current'
const snapshotPattern = /^@GMT-[\d.-]{10,40}$/

export function kindOfVersion(id: string): 'current' | 'kept' | 'snapshot' | undefined {
  if (id === currentId) return 'current'
  if (parseVersionName(id)) return 'kept'
  return snapshotPattern.test(id) ? 'snapshot' : undefined
}

/** What tells one content of a file from another without reading it. */
export interface ContentMark {
  inode: number
  size: number
  modifiedSeconds: number
  modifiedNanoseconds: number
  generation: number
}

/** Of snapshots, the newest first, each content once; and none that is there already. */
export function distinct<T extends { mark: ContentMark }>(
  known: readonly ContentMark[],
  snapshots: readonly T[],
): T[] {
  const seen = new Set(known.map(keyOf))
  return snapshots.filter(({ mark }) => {
    const key = keyOf(mark)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

function keyOf({ inode, size, modifiedSeconds, modifiedNanoseconds, generation }: ContentMark): string {
  return `${inode} ${size} ${modifiedSeconds}.${modifiedNanoseconds} ${generation}`
}

/** Names over WebDAV: the second of the modification time; where several share it, all but the first with a number. */
export function davVersionNames(modifiedAtMs: readonly number[]): string[] {
  const counts = new Map<number, number>()
  return modifiedAtMs.map(time => {
    const second = Math.floor(time / 1000)
    const count = counts.get(second) ?? 0
    counts.set(second, count + 1)
    return count === 0 ? String(second) : `${second}-${count}`
  })
}
