const pieceBytes = 128 * 1024
const seed = 2770

/**
 * What files are made of, the same on every machine: text, tables of numbers, and what cannot be packed. zstd at its
 * lowest level makes about half of it.
 */
export function samplePieces(): Buffer[] {
  const next = generator(seed)
  return [text(next), numbers(next), mixed(next), text(next)]
}

const syllables = 'ka lo mi ren tas ver son del ung ich ter an be cor da es fi gro hul in jo'.split(' ')

/** Words of which few are frequent and most are rare. */
function text(next: () => number): Buffer {
  const words = Array.from({ length: 3000 }, () =>
    Array.from(
      { length: 1 + Math.floor(next() * 4) },
      () => syllables[Math.floor(next() * syllables.length)],
    ).join(''),
  )
  let written = ''
  while (written.length < pieceBytes) {
    const word = words[Math.floor(next() ** 3 * words.length)] ?? ''
    written += word + (next() < 0.1 ? '.\n' : ' ')
  }
  return Buffer.from(written.slice(0, pieceBytes))
}

/** Records of a counter, a small number and a time. */
function numbers(next: () => number): Buffer {
  const piece = Buffer.alloc(pieceBytes)
  for (let at = 0; at + 16 <= pieceBytes; at += 16) {
    piece.writeUInt32LE(at / 16, at)
    piece.writeUInt32LE(Math.floor(next() * 500), at + 4)
    piece.writeDoubleLE(1_700_000_000 + at + next(), at + 8)
  }
  return piece
}

/** A document with pictures in it. */
function mixed(next: () => number): Buffer {
  const piece = text(next)
  for (let at = 0; at < pieceBytes / 2; at++) piece[at] = Math.floor(next() * 256)
  return piece
}

/** mulberry32. */
function generator(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
