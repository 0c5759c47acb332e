import { createCipheriv } from 'node:crypto'

/** Content that says what it should be, so that a torn file is known by itself: a line, then bytes that follow from it. */
export function contentOf(number: number, size: number): Buffer {
  const head = Buffer.from(`${mark} ${number} ${size}\n`)
  const key = Buffer.alloc(16)
  key.writeUInt32LE(number)
  const rest = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size - head.length))
  return Buffer.concat([head, rest])
}

const mark = 'cairn-whole'
export const leastBytes = 40

/** The number of a content that is whole; undefined for any other. */
export function numberOf(content: Buffer): number | undefined {
  const found = /^cairn-whole (\d+) (\d+)\n/.exec(content.toString('latin1', 0, leastBytes))
  const [number, size] = [Number(found?.[1]), Number(found?.[2])]
  return found && size === content.length && contentOf(number, size).equals(content) ? number : undefined
}
