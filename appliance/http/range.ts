export interface ByteRange {
  start: number
  /** Of the last byte. */
  end: number
}

const maxRanges = 64

/**
 * RFC 9110, 14.2. Undefined: no range, or not one that we serve, so the whole is sent; `[]`: none can be satisfied.
 */
export function parseRange(header: string | undefined, size: number): ByteRange[] | undefined {
  const found = header === undefined ? undefined : /^bytes\s*=\s*(.+)$/i.exec(header.trim())?.[1]
  if (found === undefined) return undefined
  const specs = found
    .split(',')
    .map(spec => spec.trim())
    .filter(spec => spec !== '')
  if (specs.length === 0 || specs.length > maxRanges) return undefined
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const range = parseSpec(spec, size)
    if (range === 'invalid') return undefined
    if (range) ranges.push(range)
  }
  return isWasteful(ranges, size) ? undefined : ranges
}

function parseSpec(spec: string, size: number): ByteRange | undefined | 'invalid' {
  const parts = /^(\d*)-(\d*)$/.exec(spec)
  if (!parts || spec === '-') return 'invalid'
  const [, first = '', last = ''] = parts
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? undefined : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return 'invalid'
  if (start >= size) return undefined
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

/** Ranges that overlap many times over would let one request ask for a file many times (RFC 9110, 17.15). */
function isWasteful(ranges: readonly ByteRange[], size: number): boolean {
  const total = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0)
  return ranges.length > 1 && total > size
}
