/** Whether anybody wants to know of changes in this folder of a pool: shares and homes, without Cairn's own. */
export function isFollowedFolder(path: string): boolean {
  const [kind, subvolume, first] = path.split('/', 3)
  if (kind !== 'shares' && kind !== 'homes') return false
  return !subvolume?.startsWith('.') && first !== '.cairn'
}

/** Cairn's own names in a followed folder: what a subvolume is called while it is made, and `.cairn`. */
export function isOwnName(path: string, name: string | null): boolean {
  if (name === null || !name.startsWith('.')) return false
  const depth = path.split('/', 3).length
  return (depth === 1 && name !== '.') || (depth === 2 && name === '.cairn')
}
