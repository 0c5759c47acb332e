/** In the order in which they are told: what sync clients compare first stands first. */
export const checksumAlgorithms = ['SHA1', 'SHA256', 'SHA3-256', 'MD5', 'ADLER32'] as const
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]

/** Lower-case hexadecimal digits by algorithm. */
export type Checksums = Readonly<Partial<Record<ChecksumAlgorithm, string>>>

/** `SHA1:… MD5:…` in any case. Algorithms that we do not know are left out. */
export function parseChecksums(text: string): Checksums {
  const found: Partial<Record<ChecksumAlgorithm, string>> = {}
  for (const part of text.trim().split(/\s+/)) {
    const [name = '', digits = ''] = part.split(':')
    const algorithm = checksumAlgorithms.find(one => one === name.toUpperCase())
    if (algorithm) found[algorithm] = normal(algorithm, digits.toLowerCase())
  }
  return found
}

/** The desktop client writes an ADLER32 without its leading zeros. */
function normal(algorithm: ChecksumAlgorithm, digits: string): string {
  return algorithm === 'ADLER32' ? digits.padStart(8, '0') : digits
}

export function formatChecksums(checksums: Checksums): string {
  return checksumAlgorithms.flatMap(name => (checksums[name] ? [`${name}:${checksums[name]}`] : [])).join(' ')
}

export function algorithmsOf(checksums: Checksums): ChecksumAlgorithm[] {
  return checksumAlgorithms.filter(name => checksums[name] !== undefined)
}
