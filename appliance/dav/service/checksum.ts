import { createHash } from 'node:crypto'
import { Failure } from '../../lib/failure.ts'

const algorithms: Record<string, string> = {
  md5: 'md5',
  sha1: 'sha1',
  sha256: 'sha256',
  'sha3-256': 'sha3-256',
}

/**
 * The body, compared with `OC-Checksum: SHA1:…` before it takes its place: a wrong one must not be believed by those
 * who download later. Algorithms that we do not know are left alone.
 */
export function checkedBody(
  body: AsyncIterable<Buffer>,
  header: string | string[] | undefined,
): AsyncIterable<Buffer> {
  const [name = '', expected = ''] = String(header ?? '')
    .trim()
    .split(':')
  const algorithm = algorithms[name.toLowerCase()]
  return algorithm === undefined ? body : compared(body, algorithm, expected.toLowerCase())
}

async function* compared(
  body: AsyncIterable<Buffer>,
  algorithm: string,
  expected: string,
): AsyncGenerator<Buffer> {
  const hash = createHash(algorithm)
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
  if (hash.digest('hex') === expected) return
  throw new Failure('invalid', 'dav/checksum', 'What arrived does not have the checksum that was announced.')
}
