/** A 64-bit number of the kernel's that is known to fit. */
export function number64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000
}

/** A time may lie before 1970. */
export function signed64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readInt32LE(at + 4) * 0x1_0000_0000
}

/** A file name. Null where its bytes are not UTF-8: such a name cannot be written down as text. */
export function nameOf(bytes: Buffer, start: number, end: number): string | null {
  const text = bytes.toString('utf8', start, end)
  if (!text.includes('\ufffd')) return text
  return Buffer.from(text).equals(bytes.subarray(start, end)) ? text : null
}
