import type { IncomingHttpHeaders } from 'node:http'

/** What a precondition is about; undefined: there is nothing at that address. */
export interface Validators {
  /** Without quotes; undefined where there is none. */
  etag: string | undefined
  modifiedAtMs: number
}

export type Verdict = 'go' | 'not-modified' | 'failed'

/** RFC 9110, 13.2.2: which preconditions count, and in which order. */
export function judgeConditions(
  headers: IncomingHttpHeaders,
  current: Validators | undefined,
  isRead: boolean,
): Verdict {
  const ifMatch = headers['if-match']
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, current, false)) return 'failed'
  } else if (isModifiedSince(headers['if-unmodified-since'], current) === true) return 'failed'
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, current, true)) return isRead ? 'not-modified' : 'failed'
  } else if (isRead && isModifiedSince(headers['if-modified-since'], current) === false) return 'not-modified'
  return 'go'
}

/** RFC 9110, 13.1.5: a range counts only for the representation that the client has the rest of. */
export function isRangeWanted(headers: IncomingHttpHeaders, current: Validators): boolean {
  const ifRange = headers['if-range']
  if (typeof ifRange !== 'string') return true
  if (ifRange.startsWith('W/')) return false
  if (ifRange.startsWith('"')) return ifRange === `"${current.etag}"`
  return Date.parse(ifRange) === wholeSeconds(current.modifiedAtMs)
}

const tag = /(W\/)?"([^"]*)"|[^\s,]+/g

/** A list of entity tags. Strong comparison lets no weak tag through; unquoted ones, which some clients send, count. */
function matches(list: string, current: Validators | undefined, isWeakAllowed: boolean): boolean {
  if (list.trim() === '*') return current !== undefined
  if (current?.etag === undefined) return false
  for (const [all, weak, value] of list.matchAll(tag)) {
    if (weak && !isWeakAllowed) continue
    if ((value ?? all) === current.etag) return true
  }
  return false
}

/** Undefined where the header is absent or no date: then it does not count. */
function isModifiedSince(date: string | undefined, current: Validators | undefined): boolean | undefined {
  const time = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(time) || !current) return undefined
  return wholeSeconds(current.modifiedAtMs) > time
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}
