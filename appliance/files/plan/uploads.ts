/**
 * A transfer is a folder in `.cairn/uploads`; everything that is known of it is in the names of its files
 * (docs/on-disk-format.md, "Uploads"), so it needs no memory and is the same to every process.
 */
export interface Chunk {
  name: string
  size: number
  /** The file in the transfer's folder that stands for it. */
  file: string
  /** Where it lies in the content; undefined where it is kept in a file of its own. */
  offset: number | undefined
}

/** A range of the content that somebody is writing. */
export interface Claim {
  offset: number
  size: number
  file: string
}

export const contentName = 'content'
export const finishingName = 'finishing'

export function placedName(
  kind: 'part' | 'busy',
  chunk: { name: string; offset: number; size: number },
  token: string,
) {
  return `${kind}-${chunk.offset}-${chunk.size}-${token}-${chunk.name}`
}

export const keptName = (name: string) => `kept-${name}`
export const arrivingName = (token: string) => `new-${token}`

export type TransferFile =
  | ({ kind: 'part'; name: string } & Claim)
  | ({ kind: 'busy'; name: string } & Claim)
  | { kind: 'kept'; name: string; file: string }
  | { kind: 'other' }

const placed = /^(part|busy)-(\d+)-(\d+)-[0-9a-z]+-(.+)$/
const kept = /^kept-(.+)$/

export function parseTransferFile(file: string): TransferFile {
  const found = placed.exec(file)
  if (found) {
    const [, kind, offset, size, name = ''] = found
    return { kind: kind === 'part' ? 'part' : 'busy', name, offset: Number(offset), size: Number(size), file }
  }
  const name = kept.exec(file)?.[1]
  return name === undefined ? { kind: 'other' } : { kind: 'kept', name, file }
}

/** Sync clients count from 0 or 1, with leading zeros or without: 2 comes before 10. */
const natural = new Intl.Collator('en', { numeric: true })

export function compareNames(a: string, b: string): number {
  return natural.compare(a, b) || (a < b ? -1 : 1)
}

/**
 * Where a chunk belongs if its lower ones tell: they must all be there, in whatever state. `others` are those of another
 * name.
 */
export function offsetBehind(
  name: string,
  others: readonly { name: string; size: number }[],
): number | undefined {
  const number = numberOf(name)
  const lower = others.filter(one => compareNames(one.name, name) < 0)
  const numbers = new Set(lower.map(one => numberOf(one.name)))
  const first = numbers.has(0) ? 0 : 1
  if (number === undefined || numbers.has(undefined) || numbers.size !== lower.length) return undefined
  // Distinct numbers below this one and not below the first: as many as there can be are all of them.
  if (lower.length !== Math.max(number - first, 0)) return undefined
  return lower.reduce((sum, one) => sum + one.size, 0)
}

function numberOf(name: string): number | undefined {
  return /^\d{1,15}$/.test(name) || /^0\d{15}$/.test(name) ? Number(name) : undefined
}

export function overlaps(a: { offset: number; size: number }, b: { offset: number; size: number }): boolean {
  return a.offset < b.offset + b.size && b.offset < a.offset + a.size
}

export interface Layout {
  totalBytes: number
  /** In natural order, each with its place in the whole. */
  pieces: { chunk: Chunk; to: number }[]
  /** Whether whatever lies in the content already lies where it belongs. */
  isRight: boolean
  /** Whether all of it does. */
  isComplete: boolean
}

export function layOut(chunks: readonly Chunk[]): Layout {
  let totalBytes = 0
  const pieces: Layout['pieces'] = []
  for (const chunk of [...chunks].sort((a, b) => compareNames(a.name, b.name))) {
    pieces.push({ chunk, to: totalBytes })
    totalBytes += chunk.size
  }
  const isAt = ({ chunk, to }: Layout['pieces'][number]) => chunk.offset === to
  return {
    totalBytes,
    pieces,
    isRight: pieces.every(piece => piece.chunk.offset === undefined || isAt(piece)),
    isComplete: pieces.every(isAt),
  }
}
