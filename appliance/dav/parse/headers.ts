import { badRequest } from '../errors.ts'
import { pathOf } from './address.ts'

export type Depth = '0' | '1' | 'infinity'

export function parseDepth(header: string | string[] | undefined, fallback: Depth): Depth {
  if (header === undefined) return fallback
  const depth = String(header).trim().toLowerCase()
  if (depth === '0' || depth === '1' || depth === 'infinity') return depth
  throw badRequest('Depth must be 0, 1 or infinity.')
}

export function parseOverwrite(header: string | string[] | undefined): boolean {
  const value = header === undefined ? 'T' : String(header).trim().toUpperCase()
  if (value === 'T' || value === 'TRUE') return true
  if (value === 'F' || value === 'FALSE') return false
  throw badRequest('Overwrite must be T or F.')
}

export interface Target {
  /** Undefined where only a path was given. */
  host: string | undefined
  path: string
}

/** A URL or a bare path (the desktop client), percent-encoded. */
export function parseTarget(value: string): Target {
  const url = value.trim()
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)
  if (!absolute && !url.startsWith('/')) throw badRequest('Destination must be a URL or an absolute path.')
  const host = absolute?.[1]?.replace(/^.*@/, '').toLowerCase()
  return { host, path: pathOf(url) }
}

const maxTimeoutSeconds = 7 * 24 * 3600
const defaultTimeoutSeconds = 3600

/** RFC 4918, 10.7: the first that can be read counts; nothing is locked for ever. */
export function parseTimeout(header: string | string[] | undefined): number {
  for (const part of String(header ?? '').split(',')) {
    const value = part.trim().toLowerCase()
    if (value === 'infinite') return maxTimeoutSeconds
    const seconds = /^second-(\d+)$/.exec(value)?.[1]
    if (seconds !== undefined && Number(seconds) > 0) return Math.min(Number(seconds), maxTimeoutSeconds)
  }
  return defaultTimeoutSeconds
}

/** `X-OC-MTime`: seconds since the epoch, from iOS with a fraction; what lies in the first day is a mistake. */
export function parseModified(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined
  const text = String(header).trim()
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Math.floor(Number(text)) : Number.NaN
  if (!(seconds > 86_400) || seconds > 253_402_300_799)
    throw badRequest('X-OC-MTime is not a time after the first day.')
  return seconds * 1000
}

/** `OC-Total-Length`, `OC-Chunk-Offset`, `Content-Length`. */
export function parseBytes(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined
  const bytes = /^\d+$/.test(String(header).trim()) ? Number(header) : Number.NaN
  if (!Number.isSafeInteger(bytes)) throw badRequest('A number of bytes cannot be read.')
  return bytes
}

/** `Lock-Token: <opaquelocktoken:…>` */
export function parseLockToken(header: string | string[] | undefined): string {
  const token = /^<([^<>\s]+)>$/.exec(String(header ?? '').trim())?.[1]
  if (token === undefined) throw badRequest('Lock-Token must be a URI in angle brackets.')
  return token
}
