/** The folder of one item in `.cairn/trash`: when it was deleted, in milliseconds, and a token. Sorts by time. */
export function itemName(deletedAtMs: number, token: string): string {
  return `${String(Math.max(0, Math.floor(deletedAtMs))).padStart(13, '0')}-${token}`
}

const itemPattern = /^(\d{13,15})-([0-9a-z]{1,32})$/

export function parseItemName(name: string): { deletedAtMs: number; token: string } | undefined {
  const [, time, token] = itemPattern.exec(name) ?? []
  return time !== undefined && token !== undefined ? { deletedAtMs: Number(time), token } : undefined
}

const longestNameBytes = 255
const encoder = new TextEncoder()

/** What a thing is called whose name is taken: `a (restored).txt`, `a (restored 2).txt`. */
export function restoredName(name: string, attempt: number): string {
  const mark = attempt === 1 ? ' (restored)' : ` (restored ${attempt})`
  const dot = name.lastIndexOf('.')
  const [base, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  return shortened(base, longestNameBytes - encoder.encode(mark + ending).length) + mark + ending
}

/** By whole characters. */
function shortened(text: string, bytes: number): string {
  let characters = [...text]
  while (characters.length > 0 && encoder.encode(characters.join('')).length > bytes)
    characters = characters.slice(0, -1)
  return characters.join('')
}

/** How an item is called over WebDAV, as clients of Nextcloud know it: `a.txt.d1795294250`. */
export function davTrashName(name: string, item: string, isFirst: boolean): string {
  const { deletedAtMs, token } = parseItemName(item) ?? { deletedAtMs: 0, token: item }
  return `${name}.d${Math.floor(deletedAtMs / 1000)}${isFirst ? '' : `-${token}`}`
}

export interface DavTrashName {
  name: string
  second: number
  /** Absent: the first of that name and second. */
  token: string | undefined
}

export function parseDavTrashName(text: string): DavTrashName | undefined {
  const [, name, second, token] = /^(.+)\.d(\d{1,12})(?:-([0-9a-z]{1,32}))?$/s.exec(text) ?? []
  return name === undefined || second === undefined ? undefined : { name, second: Number(second), token }
}
