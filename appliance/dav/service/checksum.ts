import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  algorithmsOf,
  type ChecksumAlgorithm,
  type Checksums,
  formatChecksums,
  parseChecksums,
} from '../../files/index.ts'

/** `OC-Checksum: SHA1:…`: what the content is announced to be. */
export function announcedChecksums({ headers }: IncomingMessage): Checksums {
  return parseChecksums(String(headers['oc-checksum'] ?? ''))
}

const byXHash: Record<string, readonly ChecksumAlgorithm[]> = {
  md5: ['MD5'],
  sha1: ['SHA1'],
  sha256: ['SHA256'],
  all: ['MD5', 'SHA1', 'SHA256'],
}

/** `X-Hash: md5`: what the client wants to be told of what it sends. */
export function wantedByXHash({ headers }: IncomingMessage): readonly ChecksumAlgorithm[] {
  return byXHash[String(headers['x-hash'] ?? '').toLowerCase()] ?? []
}

/** One only: some clients take all that follows the first colon for its digits. */
export function setChecksumHeader(response: ServerResponse, checksums: Checksums): void {
  const [first] = formatChecksums(checksums).split(' ')
  if (first) response.setHeader('OC-Checksum', first)
}

export function setWrittenChecksums(
  request: IncomingMessage,
  response: ServerResponse,
  checksums: Checksums = {},
): void {
  const announced = algorithmsOf(announcedChecksums(request))
  const [first] = announced
  setChecksumHeader(response, first ? { [first]: checksums[first] } : checksums)
  for (const name of wantedByXHash(request)) {
    if (checksums[name] !== undefined) response.setHeader(`X-Hash-${name}`, checksums[name])
  }
}
