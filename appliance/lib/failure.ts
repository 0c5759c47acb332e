/** What went wrong, from the caller's side. `http/errors.ts` and `dav/errors.ts` map each kind to a status once. */
export type FailureKind =
  | 'invalid' // the caller's input is wrong, and nothing else
  | 'unauthenticated'
  | 'forbidden'
  | 'missing'
  | 'conflict'
  | 'precondition'
  | 'locked'
  | 'too-large'
  | 'throttled'
  | 'full'
  | 'unsupported'
  | 'unavailable'
  | 'cancelled'
  | 'internal'

export interface FailureOptions {
  details?: Record<string, unknown>
  cause?: unknown
}

/** The one error class: `code` (`shares/name-taken`) is stable and translated by the page, `message` is for people. */
export class Failure extends Error {
  override name = 'Failure'
  readonly kind: FailureKind
  readonly code: string
  readonly details: Record<string, unknown>

  constructor(kind: FailureKind, code: string, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.code = code
    this.details = options.details ?? {}
  }
}

/** A failure as it crosses the agent's socket or a log line. */
export interface FailureRecord {
  kind: FailureKind
  code: string
  message: string
  details: Record<string, unknown>
}

export function failureRecord(error: unknown): FailureRecord {
  const known = asFailure(error)
  if (known instanceof Failure) {
    const { kind, code, message, details } = known
    return { kind, code, message, details }
  }
  return { kind: 'internal', code: 'internal', message: 'Something unexpected went wrong.', details: {} }
}

/** A full disk below the settings is nobody's bug; all else stays what it is. */
export function asFailure(error: unknown): unknown {
  if (errnoOf(error) !== 'SQLITE_FULL') return error
  const message =
    'The disk that holds the settings is full, so nothing can be changed. Files are not affected. Make room on the system disk.'
  return new Failure('full', 'database/full', message, { cause: error })
}

/** `ENOENT` and friends of a failed system call, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}
